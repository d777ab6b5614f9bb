"""Parse protobuf messages from clients without stopping the event loop.

The parser holds the interpreter's lock until a whole message is parsed, and makes an object of every field. So a large
message of empty fields would stop the server and fill its memory. A message is counted first; large values, such as
pictures, are taken out, and put into the parsed message one by one.
"""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.message import DecodeError

from ..core import TooLarge, Unreadable, Workers

M = TypeVar("M")

COUNT_FROM = 64_000
"""Size from which a message is counted before it is parsed."""
FIELDS_MAX = 20_000
"""Most fields of a message; 128 pictures with their names have a tenth of it."""
VALUE_MIN = 64_000
"""Size from which a value is taken out."""

_DEPTH_MAX = 50
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TYPE_MESSAGE, _TYPE_BYTES = 11, 12

Path = tuple[str | int, ...]


async def parsed(data: bytes | bytearray, message_type: type[M], workers: Workers) -> M:
    """Return a message, parsed on a thread if it is large.

    Raises:
        RequestError: As :func:`parse`, or too many messages are waiting for a thread.
    """
    if len(data) < COUNT_FROM:
        return parse(data, message_type)
    return await workers.run(parse, data, message_type)


def parse(data: bytes | bytearray, message_type: type[M]) -> M:
    """Return a message. Call it on a thread if the data may be large.

    Raises:
        Unreadable: The bytes are not such a message.
        TooLarge: The message has too many fields.
    """
    try:
        if len(data) < COUNT_FROM:
            return message_type.FromString(bytes(data))  # type: ignore[attr-defined, no-any-return]
        walk = _Walk(memoryview(data))
        rest = b"".join(walk.parts(0, len(data), message_type.DESCRIPTOR, (), 0))  # type: ignore[attr-defined]
        message = message_type.FromString(rest)  # type: ignore[attr-defined]
    except (DecodeError, IndexError):
        raise Unreadable("the request cannot be read") from None
    for path, value in walk.values:
        _put(message, path, bytes(value))
    return message  # type: ignore[no-any-return]


class _Walk:
    """A walk over the fields of a message.

    Attributes:
        values: The values taken out, with the names and indices that lead to them.
    """

    def __init__(self, view: memoryview) -> None:
        self.values: list[tuple[Path, memoryview]] = []
        self._view = view
        self._fields = 0

    def parts(self, at: int, end: int, descriptor: Any, path: Path | None, depth: int) -> list[bytes]:
        """Return a message without its large values.

        Args:
            at: Where the message begins.
            end: Where it ends.
            descriptor: Its descriptor.
            path: The path to the message; ``None`` if nothing can be put into it afterwards.
            depth: How deep the message is nested.
        """
        if depth > _DEPTH_MAX:
            raise IndexError
        parts: list[bytes] = []
        counts: dict[str, int] = {}
        while at < end:
            self._fields += 1
            if self._fields > FIELDS_MAX:
                raise TooLarge(f"a request may have at most {FIELDS_MAX} fields")
            began = at
            tag, at = self._varint(at)
            if not tag >> 3:
                raise IndexError
            if tag & 7 != _BYTES:
                at = self._skip(tag & 7, at)
                parts.append(self._bytes(began, at, end))
                continue
            size, at = self._varint(at)
            body, at = at, at + size
            if at > end:
                raise IndexError
            field = descriptor.fields_by_number.get(tag >> 3)
            if field is not None and field.type == _TYPE_MESSAGE:
                inner = self._inner(path, field, counts)
                found = b"".join(self.parts(body, at, field.message_type, inner, depth + 1))
                parts += [_encoded(tag), _encoded(len(found)), found]
            elif field is not None and _is_large(field, size) and path is not None:
                self.values.append(((*path, field.name), self._view[body:at]))
            else:
                parts.append(self._bytes(began, at, end))
        return parts

    @staticmethod
    def _inner(path: Path | None, field: Any, counts: dict[str, int]) -> Path | None:
        if path is None or field.message_type.GetOptions().map_entry:
            return None
        if not _is_repeated(field):
            return (*path, field.name)
        index = counts.get(field.name, 0)
        counts[field.name] = index + 1
        return (*path, field.name, index)

    def _varint(self, at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = self._view[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
            if shift > 63:
                raise IndexError

    def _skip(self, kind: int, at: int) -> int:
        if kind == _VARINT:
            return self._varint(at)[1]
        if kind in (_FIXED64, _FIXED32):
            return at + (8 if kind == _FIXED64 else 4)
        raise IndexError  # groups, which no message has

    def _bytes(self, began: int, at: int, end: int) -> bytes:
        if at > end:
            raise IndexError
        return bytes(self._view[began:at])


def _is_large(field: Any, size: int) -> bool:
    return field.type == _TYPE_BYTES and size >= VALUE_MIN and not _is_repeated(field)


def _is_repeated(field: Any) -> bool:
    found = getattr(field, "is_repeated", None)
    return bool(field.label == field.LABEL_REPEATED if found is None else found)


def _encoded(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _put(message: Any, path: Path, value: bytes) -> None:
    for step in path[:-1]:
        message = message[step] if isinstance(step, int) else getattr(message, step)
    setattr(message, str(path[-1]), value)
