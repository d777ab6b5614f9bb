"""Reading a few fields of a FlatBuffer by hand: tables, text and numbers, never beyond the bytes there are."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_MOST = 10_000  # entries of a list; more is damage


def root(data: bytes) -> Table:
    """Return the table that all others hang on."""
    return Table(data, _number(data, 0, "<I"))


def _number(data: bytes, position: int, code: str) -> int:
    if position < 0:
        raise ValueError("before the beginning")
    (value,) = struct.unpack_from(code, data, position)
    return int(value)


class Table:
    """One table of a FlatBuffer: a position, and a list of where its fields are.

    Reading raises ``struct.error`` or ``ValueError`` where the bytes are damaged.
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
        """Return a scalar field, packed as ``code``."""
        at = self._at(field)
        return default if at is None else _number(self.data, at, code)

    def table(self, field: int) -> Table | None:
        """Return a field that is a table."""
        target = self._target(field)
        return None if target is None else Table(self.data, target)

    def bytes(self, field: int) -> bytes:
        """Return a field that is bytes, as far as there are any."""
        target = self._target(field)
        if target is None:
            return b""
        size = _number(self.data, target, "<I")
        return self.data[target + 4 : target + 4 + size]

    def string(self, field: int) -> str:
        """Return a field that is text."""
        return self.bytes(field).decode("utf-8")

    def numbers(self, field: int, code: str) -> tuple[float, ...]:
        """Return a field that is a list of numbers, each packed as ``code``."""
        target = self._target(field)
        if target is None:
            return ()
        size = self._size(target)
        return struct.unpack_from(f"<{size}{code}", self.data, target + 4)

    def tables(self, field: int) -> Iterator[Table]:
        """Give the tables of a field that is a list of them."""
        target = self._target(field)
        if target is None:
            return
        for index in range(self._size(target)):
            at = target + 4 + 4 * index
            yield Table(self.data, at + _number(self.data, at, "<I"))

    def end_of_bytes(self, field: int) -> int:
        """Return where a field that is bytes says that it ends; 0 for none."""
        target = self._target(field)
        return 0 if target is None else target + 4 + _number(self.data, target, "<I")

    def _size(self, target: int) -> int:
        size = _number(self.data, target, "<I")
        if size > _MOST:
            raise ValueError(f"a list of {size} entries")
        return size
