"""Messages of any size are parsed as protobuf's own parser does it; too many fields are refused before."""

from __future__ import annotations

from typing import Any

import pytest
from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from server.core import TooLarge, Unreadable
from server.grpc import parse
from server.grpc.wire import FIELDS_MAX, VALUE_MIN

Request = service_pb2.PostModelOutputsRequest


def request(*pictures: bytes) -> Any:
    made = [resources_pb2.Input(id="x", data=resources_pb2.Data(image=resources_pb2.Image(base64=p))) for p in pictures]
    metadata = Struct()
    metadata.update({"name": "y" * 100, "list": [1, {"deep": None}]})
    for each in made:
        each.data.metadata.CopyFrom(metadata)
    return Request(model_id="z" * 200, inputs=made, user_app_id=resources_pb2.UserAppIDSet(user_id="me"))


@pytest.mark.parametrize(
    "pictures",
    [(), (b"small",), (bytes(range(256)) * 1000,), (bytes(VALUE_MIN - 1), bytes(VALUE_MIN), b"", b"y" * 300_000)],
)
def test_messages_are_parsed(pictures: tuple[bytes, ...]) -> None:
    message = request(*pictures)
    assert parse(message.SerializeToString(), Request) == message
    assert parse(bytearray(message.SerializeToString()), Request) == message


def test_unknown_fields_of_every_kind_are_passed_over() -> None:
    unknown = b"\xc0\x3e\x05" + b"\xc1\x3e12345678" + b"\xc5\x3e1234" + b"\xc2\x3e\x03abc"
    message = request(bytes(100_000))
    parsed = parse(unknown + message.SerializeToString() + unknown, Request)
    parsed.DiscardUnknownFields()
    assert parsed == message


def test_a_message_of_many_fields_is_refused() -> None:
    many = resources_pb2.Data(concepts=[resources_pb2.Concept()] * FIELDS_MAX)
    message = Request(inputs=[resources_pb2.Input(data=many)], model_id="x" * 100_000)
    with pytest.raises(TooLarge, match="a request may have at most 20000 fields"):
        parse(message.SerializeToString(), Request)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 100_000,
        b"\x1a\xff\xff\xff\x7f" + bytes(100_000),
        b"\x1b" * 100_000,
        request(bytes(100_000)).SerializeToString()[:-1],
        b"\x1a\x05" + bytes(100_000),
        b"\xff\xff",
        b"\x0d" * 64_001,
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(data, Request)


def test_a_message_nested_without_end_is_refused() -> None:
    # A struct in a list in a struct, without end: fields of length-delimited messages only.
    value = Value()
    for _ in range(30):
        value = Value(list_value=ListValue(values=[value]))
    metadata = Struct(fields={"deep": value, "long": Value(string_value="x" * 100_000)})
    message = Request(inputs=[resources_pb2.Input(data=resources_pb2.Data(metadata=metadata))])
    with pytest.raises(Unreadable):
        parse(message.SerializeToString(), Request)
