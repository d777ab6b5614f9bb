"""What packets say without being decoded: whether they have or begin a picture, and whether one is lost before."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto

from .h264 import Bits, SequenceParameters, sequence_parameters

_START = b"\x00\x00\x01"
_HEAD_BYTES = 512  # enough for the parts that are read here
_SLICE_HEAD_BYTES = 32
_SLICE, _IDR, _PARAMETERS = 1, 5, 7
_HEVC_IDR = (19, 20)
_MPEG = frozenset({"mpeg1video", "mpeg2video"})


def has_picture(codec: str, data: bytes) -> bool:
    """Return whether a packet has a part of a picture; other packets have parameters or messages only.

    Args:
        codec: Name of the decoder; packets of all but ``h264``, ``hevc`` and MPEG's have one.
        data: The packet. One without start codes, as in MP4, counts as having one.
    """
    if _START not in data:
        return True
    if codec == "h264":
        return any(_SLICE <= unit[0] & 0x1F <= _IDR for unit in _units(data) if unit)
    if codec == "hevc":
        return any((unit[0] >> 1) & 0x3F < 32 for unit in _units(data) if unit)
    if codec == "mpeg4":
        return _START + b"\xb6" in data
    if codec in _MPEG:
        return any(unit[0] < 0xB0 for unit in _units(data) if unit)
    return True


def begins_group(codec: str, data: bytes) -> bool:
    """Return whether a packet has a picture that needs no other, and that no later one looks past.

    Args:
        codec: Name of the decoder; of packets of others than ``h264`` and ``hevc`` only the demuxer can tell.
        data: The packet, with start codes.
    """
    if codec == "h264":
        return any(unit[0] & 0x1F == _IDR for unit in _units(data) if unit)
    if codec == "hevc":
        return any((unit[0] >> 1) & 0x3F in _HEVC_IDR for unit in _units(data) if unit)
    return False


def part_of(codec: str, data: bytes) -> Part:
    """Return with which part of a picture a packet begins.

    Args:
        codec: Name of the decoder; for others than H.264, HEVC and MPEG, only the time tells pictures apart.
        data: The packet.
    """
    code = data.find(_START, 0, 4)
    unit = data[code + 3 : code + 6]
    if code < 0 or not unit:
        return Part.FURTHER
    if codec == "h264":
        kind = unit[0] & 0x1F
        first, before = kind in (_SLICE, 2, _IDR) and unit[1:2] >= b"\x80", 6 <= kind <= 9
    elif codec == "hevc":
        kind = (unit[0] >> 1) & 0x3F
        first, before = kind < 32 and unit[2:3] >= b"\x80", 32 <= kind <= 35 or kind == 39
    elif codec == "mpeg4":
        first, before = unit[0] == 0xB6, unit[0] in (0xB0, 0xB3, 0xB5) or 0x20 <= unit[0] < 0x30
    elif codec in _MPEG:
        first, before = unit[0] == 0, unit[0] in (0xB3, 0xB8)
    else:
        return Part.FURTHER
    return Part.FIRST if first else Part.BEFORE if before else Part.FURTHER


class Part(Enum):
    """A part of a picture: what stands before it, the first of its data, or any other."""

    BEFORE = auto()
    FIRST = auto()
    FURTHER = auto()


class FrameNumbers:
    """Notices in H.264 that pictures are missing which later ones build on: each such picture has the next number.

    Args:
        parameters: Parameter sets that come apart from the packets, with start codes.
    """

    def __init__(self, parameters: bytes = b"") -> None:
        self._format: SequenceParameters | None = None
        self._last: int | None = None
        self.skips(parameters)

    def skips(self, data: bytes) -> bool:
        """Read the next packet, with start codes; return whether pictures are missing before it."""
        for unit in _units(data):
            kind = unit[0] & 0x1F if unit else 0
            if kind == _PARAMETERS:
                try:
                    self._format = sequence_parameters(unit)
                except (IndexError, ValueError):
                    self._format = None
            elif kind in (_SLICE, _IDR):
                try:
                    return self._follows(unit, is_first=kind == _IDR)
                except IndexError:
                    return False
        return False

    def _follows(self, unit: bytes, *, is_first: bool) -> bool:
        format, last = self._format, self._last
        if format is None or format.allows_gaps:
            return False
        bits = Bits(unit[1:_SLICE_HEAD_BYTES])
        for _ in range(3):  # first macroblock, type, parameter set
            bits.exponential()
        if format.has_planes:
            bits.fixed(2)
        number = bits.fixed(format.number_bits)
        skips = not is_first and last is not None and number not in (last, (last + 1) % (1 << format.number_bits))
        if unit[0] & 0x60 or skips or last is None:  # others build on it
            self._last = number
        return skips


def _units(data: bytes) -> Iterator[bytes]:
    """Yield the beginning of each unit."""
    at = data.find(_START)
    while at >= 0:
        yield data[at + 3 : at + 3 + _HEAD_BYTES]
        at = data.find(_START, at + 3)
