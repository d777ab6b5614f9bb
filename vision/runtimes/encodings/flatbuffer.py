"""A minimal, bounds-checked FlatBuffer reader: tables, strings, bytes and numbers."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_MAX_ENTRIES = 10_000  # of a vector; more means damage


def root(data: bytes) -> Table:
    """Return the root table."""
    return Table(data, _number(data, 0, "<I"))


def _number(data: bytes, position: int, code: str) -> int:
    if position < 0:
        raise ValueError("offset before the start of the buffer")
    (value,) = struct.unpack_from(code, data, position)
    return int(value)


class Table:
    """One table of a FlatBuffer, with the offsets of its fields.

    Methods raise ``struct.error`` or ``ValueError`` on damaged bytes.
    """

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self.position = position
        self.fields = position - _number(data, position, "<i")
        self.fields_size = _number(data, self.fields, "<H")

    def _at(self, field: int) -> int | None:
        entry = 4 + 2 * field
        offset = _number(self.data, self.fields + entry, "<H") if entry + 2 <= self.fields_size else 0
        return self.position + offset if offset else None

    def _target(self, field: int) -> int | None:
        at = self._at(field)
        return None if at is None else at + _number(self.data, at, "<I")

    def number(self, field: int, code: str, default: int) -> int:
        """Return a scalar field; ``code`` is its format in :mod:`struct`."""
        at = self._at(field)
        return default if at is None else _number(self.data, at, code)

    def real(self, field: int, default: float) -> float:
        """Return a float field."""
        at = self._at(field)
        if at is None:
            return default
        (value,) = struct.unpack_from("<f", self.data, at)
        return float(value)

    def table(self, field: int) -> Table | None:
        """Return a table field, ``None`` if it is absent."""
        target = self._target(field)
        return None if target is None else Table(self.data, target)

    def bytes(self, field: int) -> bytes:
        """Return a byte vector field; empty if it is absent."""
        target = self._target(field)
        if target is None:
            return b""
        size = _number(self.data, target, "<I")
        return self.data[target + 4 : target + 4 + size]

    def string(self, field: int) -> str:
        """Return a string field."""
        return self.bytes(field).decode("utf-8")

    def numbers(self, field: int, code: str) -> tuple[float, ...]:
        """Return a vector of numbers; ``code`` is the format of one in :mod:`struct`."""
        target = self._target(field)
        if target is None:
            return ()
        size = self._size(target)
        return struct.unpack_from(f"<{size}{code}", self.data, target + 4)

    def tables(self, field: int, most: int = _MAX_ENTRIES) -> Iterator[Table]:
        """Yield the tables of a vector of at most so many tables."""
        target = self._target(field)
        if target is None:
            return
        for index in range(self._size(target, most)):
            at = target + 4 + 4 * index
            yield Table(self.data, at + _number(self.data, at, "<I"))

    def end_of_bytes(self, field: int) -> int:
        """Return the declared end offset of a byte vector; 0 if it is absent."""
        target = self._target(field)
        return 0 if target is None else target + 4 + _number(self.data, target, "<I")

    def _size(self, target: int, most: int = _MAX_ENTRIES) -> int:
        size = _number(self.data, target, "<I")
        if size > most:
            raise ValueError(f"a vector of {size} entries")
        return size
