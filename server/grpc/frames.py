"""Follow the frames of an HTTP/2 connection before they are decoded, to know what they will cost."""

from __future__ import annotations

import copy
from dataclasses import dataclass

FRAME_BYTES_MAX = 65_536
"""Largest payload of a frame. With the 16 kB that are the default, large messages take half as much CPU time again."""
DATA_BYTES_MIN = 256
"""A DATA frame of this size or more pays for itself."""
SETTINGS_MAX = 32
"""Most settings of a frame. HTTP/2 has eight, and clients add one or two that nobody knows."""
HEAD_BYTES_PER_FRAME = 64
"""So many bytes of a head take as long to process as another frame: each may be a field."""

_PREFACE = 24
_HEAD = 9
_SETTING = 6
_DATA, _HEADERS, _SETTINGS, _PUSH_PROMISE, _CONTINUATION = 0x0, 0x1, 0x4, 0x5, 0x9
_HEADS = (_HEADERS, _PUSH_PROMISE, _CONTINUATION)
_END_HEADERS = 0x4


class FrameError(Exception):
    """A frame, or the head of a call, is larger than a client may send."""


@dataclass
class Taken:
    """What was looked at.

    Attributes:
        size: The number of bytes.
        costly: The number of frames that cost more than they carry.
        data: The bytes of the other frames, which carry data.
    """

    size: int = 0
    costly: int = 0
    data: int = 0


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

    def take(self, data: bytes | bytearray, frames: int | None = None) -> Taken:
        """Go on by some bytes; return what they are.

        Args:
            data: The next bytes.
            frames: Stop where so many frames have begun, or fewer with large heads; the last one's payload is not
                looked at.

        Raises:
            FrameError: A frame or head is too large.
        """
        taken = Taken()
        left = len(data) if frames is None else frames
        while taken.size < len(data) and left > 0:
            if self._payload_left:
                step = min(self._payload_left, len(data) - taken.size)
                self._payload_left -= step
                taken.size += step
                continue
            step = min(_HEAD - len(self._head), len(data) - taken.size)
            self._head += data[taken.size : taken.size + step]
            taken.size += step
            if len(self._head) == _HEAD:
                left -= self._begin(self._head, taken)
                self._head = b""
        return taken

    def portion(self, data: bytearray, frames: int) -> int:
        """Return how many bytes so many frames take, without going on."""
        try:
            return copy.copy(self).take(data, frames).size
        except FrameError:
            return len(data)

    def _begin(self, head: bytes, taken: Taken) -> int:
        """Begin a frame; return as how many it counts for the time that it takes."""
        size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
        if size > FRAME_BYTES_MAX:
            raise FrameError(f"a frame of {size} bytes")
        if kind == _SETTINGS and size > SETTINGS_MAX * _SETTING:
            raise FrameError(f"a frame of {size // _SETTING} settings")
        self._payload_left = size
        is_head = kind in _HEADS
        if is_head:
            self._head_size += size
            if self._head_size > self._head_bytes:
                raise FrameError("a head that is too large")
            if flags & _END_HEADERS:
                self._head_size = 0
        if kind == _DATA and size >= DATA_BYTES_MIN:
            taken.data += size
        else:
            taken.costly += 1
        return 1 + is_head * size // HEAD_BYTES_PER_FRAME
