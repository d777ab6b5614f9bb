"""Walks over the fields of a protocol buffer: to check that bytes are one, and complete; and to find messages in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5  # wire types
_MAX_FIELDS = 10_000  # of the top-level message; a model has a dozen


Schema = Mapping[str, Mapping[int, str]]
"""For each kind of message, the kinds of the messages in its fields, by number."""


class WireField(NamedTuple):
    """A field of a message: its number, and where its value starts and ends."""

    number: int
    start: int
    end: int


def messages(data: bytes, schema: Schema, kind: str, wanted: str) -> Iterator[tuple[WireField, ...]]:
    """Yield the fields of every message of one kind, at any depth.

    Strict: what this walk cannot follow, another reader might. A field that is given twice counts twice.

    Args:
        data: The bytes of a message.
        schema: The messages to look into.
        kind: The kind of the outermost message.
        wanted: The kind to find.

    Raises:
        ValueError: A message is damaged, or has a field of a type that is not in use any more.
    """
    waiting = [(kind, 0, len(data))]
    while waiting:
        kind, start, end = waiting.pop()
        fields = tuple(_fields(data, start, end))
        if kind == wanted:
            yield fields
        inner = schema.get(kind, {})
        waiting += [(inner[field.number], field.start, field.end) for field in fields if field.number in inner]


def _fields(data: bytes, position: int, end: int) -> Iterator[WireField]:
    try:
        while position < end:
            tag, position = _varint(data, position)
            number, wire_type, start = tag >> 3, tag & 7, position
            if wire_type == _VARINT:
                _, position = _varint(data, position)
            elif wire_type == _LENGTH:
                size, start = _varint(data, position)
                position = start + size
            elif wire_type in (_FIXED64, _FIXED32):
                position += 8 if wire_type == _FIXED64 else 4
            else:
                raise ValueError(f"field {number} has the type {wire_type}")
            if position > end:
                raise ValueError(f"field {number} is longer than its message")
            yield WireField(number, start, position)
    except IndexError:
        raise ValueError("a field is cut short") from None


def fields(data: bytes, message: WireField) -> Iterator[WireField]:
    """Yield the fields of a message, which is a field of another.

    Raises:
        ValueError: The message is damaged, or has a field of a type that is not in use any more.
    """
    return _fields(data, message.start, message.end)


def integer(data: bytes, field: WireField) -> int:
    """Return the value of a field that holds a varint.

    Raises:
        ValueError: It holds none.
    """
    try:
        return _varint(data[field.start : field.end], 0)[0]
    except IndexError:
        raise ValueError("a number is cut short") from None


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
