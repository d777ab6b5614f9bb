"""Large messages: they are read while everybody else is served, and what would become a million objects is refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from clarifai_grpc.grpc.api import resources_pb2, service_pb2

from tests.server.served import encoded
from tests.serving import Serving

from .attacks import address, answer, connected, grpc_address, head, peak_memory, serving, undisturbed

OUTPUTS = "/v2/models/red/outputs"
METHOD = "/clarifai.api.V2/PostModelOutputs"
# Bytes after the end of a PNG are ignored. 128 of them have 118 MB in base64.
LARGE = encoded() + bytes(690_000)
FAILURE, INPUT_OVER_LIMIT, NO_INPUTS = 10020, 30105, 40001


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("messages"), "viam: {port: 0}, clarifai: {port: 0}") as running:
        yield running


def call(server: Serving, system: str, method: str, message: bytes) -> bytes:
    """Send a message to a port for gRPC, as bytes, and return the reply."""
    host, port = grpc_address(server, system)
    with grpc.insecure_channel(f"{host}:{port}", [("grpc.max_receive_message_length", -1)]) as channel:
        reply: bytes = channel.unary_unary(method, lambda data: data, lambda data: data)(message, timeout=60)
    return reply


def sent(server: Serving, content: bytes) -> bytes:
    """Send a body to the address for Clarifai's form, and return the reply."""
    with connected(address(server)) as sender:
        sender.sendall(head(OUTPUTS, f"Content-Length: {len(content)}") + content)
        return answer(sender).read()


def repeated(piece: bytes, size: int) -> bytes:
    return piece * (size // len(piece))


def field(message: Any, name: str, content: bytes) -> bytes:
    """Return one field of a message with any content."""
    size = len(content)
    length = bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([message.DESCRIPTOR.fields_by_name[name].number << 3 | 2, *length, size]) + content


def inputs(content: bytes) -> bytes:
    return field(service_pb2.PostModelOutputsRequest, "inputs", content)


def concepts() -> bytes:
    return field(resources_pb2.Data, "concepts", b"")


@pytest.mark.parametrize(
    ("beginning", "piece", "size", "end", "code"),
    [
        (b'{"inputs": [', b"1,", 100_000_000, b"1]}", INPUT_OVER_LIMIT),
        (b'{"inputs": [', b"{},", 100_000_000, b"{}]}", INPUT_OVER_LIMIT),
        (b'{"inputs": [', b"{},", 400_000, b"{}]}", INPUT_OVER_LIMIT),
        (b'{"x": [', b"[],", 400_000, b"[]]}", NO_INPUTS),
        (b'{"x": "', b"\\\\", 20_000_000, b'"}', NO_INPUTS),
        (b'{"inputs": [{"data": {"image": {"base64": "', b"\\u0041", 20_000_000, b'"}}}]}', FAILURE),
        (b'{"inputs": [{"data": {"image": {"base64": "', b"?", 20_000_000, b'"}}}]}', FAILURE),
        (b'{"inputs": [{"data": {"image": {"url": "', b"http://a/", 20_000_000, b'"}}}]}', FAILURE),
    ],
    ids=["numbers", "inputs", "fewer inputs", "lists", "backslashes", "escapes", "no base64", "url"],
)
def test_large_json_disturbs_nobody(
    server: Serving, beginning: bytes, piece: bytes, size: int, end: bytes, code: int
) -> None:
    """Before, 100 MB of numbers stopped the event loop for 1.4 s and took 2.2 GB."""
    content = beginning + repeated(piece, size) + end
    before = peak_memory(server)
    reply = undisturbed(server, lambda: sent(server, content))
    assert f'"code":{code}' in reply.decode().replace(" ", "")
    assert peak_memory(server) - before < 150_000_000


def test_as_many_pictures_as_a_request_may_have_disturb_nobody_as_json(server: Serving) -> None:
    item = b'{"data": {"image": {"base64": "' + base64.b64encode(LARGE) + b'"}}}'
    content = b'{"inputs": [' + b", ".join([item] * 128) + b"]}"
    reply = undisturbed(server, lambda: sent(server, content))
    assert reply.count(b'"code":10000') == 129


def test_as_many_pictures_as_a_request_may_have_disturb_nobody_over_grpc(server: Serving) -> None:
    item = resources_pb2.Input(data=resources_pb2.Data(image=resources_pb2.Image(base64=LARGE)))
    message = service_pb2.PostModelOutputsRequest(model_id="red", inputs=[item] * 128).SerializeToString()
    reply = undisturbed(server, lambda: call(server, "Clarifai", METHOD, message))
    assert [output.status.code for output in service_pb2.MultiOutputResponse.FromString(reply).outputs] == [10000] * 128


@pytest.mark.parametrize("place", ["inputs", "below an input"])
def test_many_empty_fields_are_refused(server: Serving, place: str) -> None:
    if place == "inputs":
        content = repeated(inputs(b""), 100_000_000)
    else:
        content = inputs(field(resources_pb2.Input, "data", repeated(concepts(), 2_000_000)))
    before = peak_memory(server)
    reply = undisturbed(server, lambda: call(server, "Clarifai", METHOD, content))
    assert service_pb2.MultiOutputResponse.FromString(reply).status.code == INPUT_OVER_LIMIT
    assert peak_memory(server) - before < 250_000_000


def test_many_empty_fields_are_refused_to_clients_of_viam_too(server: Serving) -> None:
    method = "/viam.service.mlmodel.v1.MLModelService/Infer"
    message = repeated(b"\x12\x02\x0a\x00", 19_000_000)

    def attack() -> grpc.RpcError:
        with pytest.raises(grpc.RpcError) as refused:
            call(server, "Viam", method, message)
        return refused.value

    error = undisturbed(server, attack)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "a request may have at most 20000 fields"


def test_a_message_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    with serving(tmp_path, "clarifai: {port: 0}, limits: {body_bytes: 1000000}") as server:
        reply = service_pb2.MultiOutputResponse.FromString(call(server, "Clarifai", METHOD, bytes(2_000_000)))
        assert reply.status.code == INPUT_OVER_LIMIT
        response = server.client.post(OUTPUTS, content=bytes(2_000_000))
        assert (response.status_code, response.json()["status"]["code"]) == (400, INPUT_OVER_LIMIT)
