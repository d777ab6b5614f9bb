from __future__ import annotations

import pytest

from tests.vision.onnx_models import field
from vision.runtimes.encodings.protobuf import field_numbers, messages


def test_the_fields_are_numbered_in_their_order() -> None:
    data = field(1, 8) + field(7, b"graph" * 100) + b"\x11" + bytes(8) + b"\x1d" + bytes(4)
    assert field_numbers(data) == ((1, 7, 2, 3), None)
    assert field_numbers(b"") == ((), None)


@pytest.mark.parametrize(
    "rest",
    [b"\x08", b"\x08" + b"\xff" * 12, field(7, b"graph")[:-1], b"\x00\x00", b"\x0b", b"\x11\x00", b"\xff"],
    ids=["no number", "an endless number", "cut short", "field 0", "a group", "half a double", "half a tag"],
)
def test_damage_is_located(rest: bytes) -> None:
    numbers, failed_at = field_numbers(field(1, 300) + rest)
    assert numbers[:1] == (1,)
    assert failed_at == 3


def test_messages_are_found_at_any_depth() -> None:
    schema = {"tree": {1: "tree", 2: "leaf"}}
    leaf = field(7, 300) + field(8, "green")
    data = field(1, field(1, field(2, leaf)) + field(3, leaf)) + field(2, leaf)
    found = [
        [(one.number, data[one.start : one.end]) for one in fields] for fields in messages(data, schema, "tree", "leaf")
    ]
    assert found == [[(7, b"\xac\x02"), (8, b"green")]] * 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (field(1, b"\x0b"), "field 1 has the type 3"),
        (field(1, b"\x12\x05") + bytes(8), "field 2 is longer than its message"),
        (b"\x08", "a field is cut short"),
    ],
)
def test_what_cannot_be_followed_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        list(messages(data, {"tree": {1: "tree"}}, "tree", "tree"))
