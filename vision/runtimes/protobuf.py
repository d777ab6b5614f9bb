"""A walk over the top-level fields of a protocol buffer, to check that bytes are one, and complete."""

from __future__ import annotations

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5  # wire types
_MAX_FIELDS = 10_000  # of the top-level message; a model has a dozen


def field_numbers(data: bytes) -> tuple[tuple[int, ...], int | None]:
    """Return the numbers of the top-level fields in order, and the offset of the first malformed field, if any."""
    numbers: list[int] = []
    position = 0
    while position < len(data) and len(numbers) < _MAX_FIELDS:
        start = position
        try:
            tag, position = _varint(data, position)
            number, wire_type = tag >> 3, tag & 7
            if wire_type == _VARINT:
                _, position = _varint(data, position)
            elif wire_type == _LENGTH:
                size, position = _varint(data, position)
                position += size
            elif wire_type in (_FIXED64, _FIXED32):
                position += 8 if wire_type == _FIXED64 else 4
            else:
                return tuple(numbers), start
        except (IndexError, ValueError):
            return tuple(numbers), start
        if number == 0:
            return tuple(numbers), start
        numbers.append(number)
        if position > len(data):
            return tuple(numbers), start
    return tuple(numbers), None if position == len(data) else position


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a varint and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("varint of more than 64 bits")
