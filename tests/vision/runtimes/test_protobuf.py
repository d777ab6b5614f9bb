from __future__ import annotations

import pytest

from tests.vision.onnx_models import field
from vision.runtimes.protobuf import field_numbers


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
