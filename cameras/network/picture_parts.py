"""Pictures that a camera sends one after another over HTTP, as ``multipart/x-mixed-replace`` ("MJPEG")."""

from __future__ import annotations

import re
from collections.abc import Iterator

BYTES_MAX = 64_000_000
"""Most bytes of a picture."""

_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_ENDS = (b"\xff\xd9", b"IEND\xaeB`\x82")
_BETWEEN = b"\r\n\0 \t"
_HEAD_BYTES_MAX = 8192
_LINE_BYTES_MAX = 200
_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]*[ \t]*:")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*([0-9]{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class PictureParts:
    """Splits the bytes of a multipart body into its pictures, whatever is wrong between them.

    A part ends after the length that it states, if a picture ends there; otherwise at the next boundary. Neither the
    first boundary nor any header is needed. What is no picture is given as an empty one.

    Args:
        boundary: The boundary, as the header of the response states it.
    """

    def __init__(self, boundary: str) -> None:
        name = re.escape(boundary.encode("latin-1", "replace").strip(b"-")) or rb"[^\s-][^\r\n]{0,70}"
        self._line = re.compile(rb"-{2,8}" + name)
        # Without boundaries, a picture ends where the next begins. (One inside another is followed by something else.)
        self._end = re.compile(rb"-{2,8}" + name + rb"(?:\r?\n|--)|(?<=\xff\xd9)[\r\n\0 \t]*(?=\xff\xd8\xff)")
        self._data = bytearray()
        self._in_body = False
        self._length: int | None = None
        self._searched = 0

    def add(self, data: bytes) -> Iterator[bytes]:
        """Take bytes, and yield the pictures that they complete."""
        self._data += data
        while (picture := self._next()) is not None:
            yield picture

    def idle(self) -> Iterator[bytes]:
        """Yield the last picture if it looks complete: nothing has come for a while."""
        if self._in_body and _is_end(self._data[-16:]):
            yield self._taken(len(self._data))

    def _next(self) -> bytes | None:
        if not self._in_body and not self._begin():
            return None
        data, length = self._data, self._length
        end = self._end.search(data, self._searched)
        self._searched = max(len(data) - _LINE_BYTES_MAX, 0)
        if length is not None and end is None and len(data) < length:
            return None
        if (
            length is not None
            and (end is None or end.start() >= length)
            and _is_end(data[max(length - 16, 0) : length])
        ):
            return self._taken(length)
        self._length = None  # it is wrong
        if end is not None:
            return self._taken(end.start())
        return self._taken(len(data)) if len(data) > BYTES_MAX else None

    def _begin(self) -> bool:
        """Skip to the body of the next part; return whether it has begun."""
        while True:
            text = bytes(self._data[:_HEAD_BYTES_MAX])
            head = text.lstrip(_BETWEEN)
            del self._data[: len(text) - len(head)]
            length = None
            if not head.startswith(_STARTS):
                line, newline, _ = head.partition(b"\n")
                if not newline and len(head) < _LINE_BYTES_MAX:
                    return False  # not a whole line yet
                if self._line.match(line):
                    del self._data[: len(line) + 1]
                    continue
                if _HEADER.match(line):
                    end = _HEAD_END.search(head)
                    if end is None and len(head) < _HEAD_BYTES_MAX:
                        return False
                    if end is not None:
                        stated = _LENGTH.search(head, 0, end.start())
                        length = int(stated[1]) if stated and 0 < int(stated[1]) <= BYTES_MAX else None
                        del self._data[: end.end()]
            self._in_body, self._length, self._searched = True, length, 0
            return True

    def _taken(self, length: int) -> bytes:
        """Take the body of the present part; empty if it is no picture."""
        body = bytes(self._data[:length])
        if _is_end(body[-16:]):
            body = body.rstrip(_BETWEEN)
        del self._data[:length]
        self._in_body, self._length, self._searched = False, None, 0
        return body if body.startswith(_STARTS) else b""


def _is_end(data: bytes | bytearray) -> bool:
    """Return whether bytes end as a picture does, with some padding."""
    return bytes(data).rstrip(_BETWEEN).endswith(_ENDS)
