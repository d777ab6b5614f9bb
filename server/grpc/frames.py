"""Follow the frames of an HTTP/2 connection before they are decoded, to know what they will cost."""

from __future__ import annotations

import copy

FRAME_BYTES_MAX = 65_536
"""Largest payload of a frame. With the 16 kB that are the default, large messages take half as much CPU time again."""
DATA_BYTES_MIN = 256
"""A DATA frame of this size or more pays for itself."""

_PREFACE = 24
_HEAD = 9
_DATA, _HEADERS, _CONTINUATION = 0x0, 0x1, 0x9
_END_HEADERS = 0x4


class FrameError(Exception):
    """A frame, or the head of a call, is larger than a client may send."""


class Frames:
    """The frames that a client sends, from the preface of its connection on.

    Args:
        head_bytes: Most bytes of the compressed head of a call.
    """

    def __init__(self, head_bytes: int) -> None:
        self._head_bytes = head_bytes
        self._payload_left = _PREFACE
        self._head = b""
        self._head_size = 0

    def take(self, data: bytes | bytearray, frames: int | None = None) -> tuple[int, int]:
        """Go on by some bytes; return how many were looked at, and how many frames cost more than they carry.

        Args:
            data: The next bytes.
            frames: Stop where so many frames have begun; the last one's payload is not looked at.

        Raises:
            FrameError: A frame or head is too large.
        """
        at = costly = 0
        left = len(data) if frames is None else frames
        while at < len(data) and left:
            if self._payload_left:
                step = min(self._payload_left, len(data) - at)
                self._payload_left -= step
                at += step
                continue
            step = min(_HEAD - len(self._head), len(data) - at)
            self._head += data[at : at + step]
            at += step
            if len(self._head) == _HEAD:
                costly += self._begin(self._head)
                self._head = b""
                left -= 1
        return at, costly

    def portion(self, data: bytearray, frames: int) -> int:
        """Return how many bytes so many frames take, without going on."""
        try:
            return copy.copy(self).take(data, frames)[0]
        except FrameError:
            return len(data)

    def _begin(self, head: bytes) -> bool:
        size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
        if size > FRAME_BYTES_MAX:
            raise FrameError(f"a frame of {size} bytes")
        self._payload_left = size
        if kind in (_HEADERS, _CONTINUATION):
            self._head_size += size
            if self._head_size > self._head_bytes:
                raise FrameError("a head that is too large")
            if flags & _END_HEADERS:
                self._head_size = 0
        return not (kind == _DATA and size >= DATA_BYTES_MIN)
