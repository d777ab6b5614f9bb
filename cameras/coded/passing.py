"""Which pictures of a stream in H.264 viewers may get as they came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..picture import Bits, FrameNumbers, SequenceParameters, sequence_parameters, squared_size
from .messages import messages

GROUP_MAX_S = 4.0
GROUP_MAX_BYTES = 4_000_000
"""Largest group of pictures that is kept for viewers who join; a larger one is not passed on."""

TRUST_S = 10.0
TRUST_GROUPS = 2
"""For how long, and for how many groups, all must be well before pictures are passed on again after a doubt."""

_PROFILES = frozenset({66, 77, 100})  # Baseline, Main, High: what browsers play
_START = b"\x00\x00\x01"
_SLICE, _IDR, _MESSAGE, _SEQUENCE, _PICTURE, _DELIMITER = 1, 5, 6, 7, 8, 9
_KNOWN = frozenset({_SLICE, _IDR, _MESSAGE, _SEQUENCE, _PICTURE, _DELIMITER, 10, 11, 12})  # ends, filling
_B_SLICE = 1
_NUMBERS = {_SEQUENCE: 32, _PICTURE: 256}  # parameter sets of each kind, by H.264, 7.4.2.1.1 and 7.4.2.2
_SET_BYTES_MAX = 4096  # those of real cameras have some dozens of bytes; with scaling lists, some hundreds
_ORIENTATION = 47  # a message that the picture is to be turned
_HEAD_BYTES = 32


class Passed(NamedTuple):
    """A picture that may be passed on.

    Attributes:
        data: The picture with start codes, a key frame with its parameter sets.
        is_key: Whether it is a key frame.
        width: Width of the shown picture in pixels.
        height: Its height.
    """

    data: bytes
    is_key: bool
    width: int
    height: int


class Doubt(Exception):
    """A picture that browsers may show wrongly; the message says why."""


class Passing:
    """Follows the packets of one stream, and chooses those that may be passed on.

    A stream is passed on from a key frame to the first doubt: anything that browsers may not play, that a decoder may
    conceal, or that a viewer who joins would not get whole. A doubt ends it until all was well for a while. A stream
    that does not state whether it has B-frames is passed on after a whole group without one.

    Args:
        parameters: Parameter sets that come apart from the packets: with start codes, or as MP4 and FLV have them, and
            then the packets have lengths in place of start codes too.
        max_pixels: Most pixels of a picture.
        notices_loss: Whether to notice missing pictures; not where whoever reads the packets does.
    """

    def __init__(self, parameters: bytes = b"", max_pixels: int = 2**31, *, notices_loss: bool = True) -> None:
        self._max_pixels = max_pixels
        self._length_bytes = 0
        self._sets: dict[tuple[int, int], bytes] = {}  # by kind and number
        self._sequence: SequenceParameters | None = None
        self._numbers = FrameNumbers() if notices_loss else None
        self._passes = False
        self._was_doubted = False
        self._first_s: float | None = None
        self._has_key = False
        self._began_s: float | None = None  # of the present group, if it is whole so far
        self._bytes = 0
        self._groups = 0
        self._well_since_s = 0.0
        self.take_parameters(parameters)

    def take_parameters(self, parameters: bytes) -> None:
        """Take parameter sets that come apart from the packets."""
        if not parameters:
            return
        try:
            if parameters[:1] == b"\x01":
                self._length_bytes = (parameters[4] & 3) + 1
                parameters = _annexed(parameters)
            for unit in _units(parameters):
                self._take_set(unit)
            if self._numbers is not None:
                self._numbers.skips(parameters)
        except (Doubt, IndexError, ValueError):
            self._sets.clear()
            self._sequence = None

    def take(self, packet: bytes, now_s: float, *, is_whole: bool = True) -> Passed | None:
        """Read the next packet; return its picture if it may be passed on.

        Args:
            packet: One whole picture as it came.
            now_s: When it came, on the monotonic clock.
            is_whole: Whether nothing is known to be missing in it or before it.
        """
        if self._first_s is None:
            self._first_s = now_s
        try:
            if not is_whole:
                raise Doubt("pictures are damaged or missing")
            return self._taken(_with_start_codes(packet, self._length_bytes), now_s)
        except (Doubt, IndexError, ValueError):
            self.doubt()
            return None

    def awaits_key(self, now_s: float) -> bool:
        """Return whether no key frame has come yet, and one may still come: before it, pictures show nothing."""
        return not self._has_key and self._first_s is not None and now_s - self._first_s <= GROUP_MAX_S

    def doubt(self) -> None:
        """Pass on no more pictures until all was well for a while. Before the first key frame nothing is well."""
        self._was_doubted = self._was_doubted or self._began_s is not None
        self._passes, self._began_s, self._groups = False, None, 0

    def _taken(self, data: bytes, now_s: float) -> Passed | None:
        kinds = self._look(data)
        if _IDR in kinds:
            self._begin(now_s)
            if not {_SEQUENCE, _PICTURE} <= kinds:
                data = self._with_sets(data)
        if self._began_s is None:
            return None
        self._bytes += len(data)
        if self._bytes > GROUP_MAX_BYTES or now_s - self._began_s > GROUP_MAX_S:
            raise Doubt("the group of pictures is too long")
        sequence = self._sequence
        if not self._passes or sequence is None:
            return None
        return Passed(data, _IDR in kinds, sequence.width, sequence.height)

    def _look(self, data: bytes) -> set[int]:
        """Return the kinds of units in a packet, which must have exactly one picture."""
        kinds, firsts = set(), 0
        for unit in _units(data):
            kind = unit[0] & 0x1F
            if unit[0] & 0x80 or kind not in _KNOWN:
                raise Doubt(f"it has units of kind {kind}")
            kinds.add(kind)
            self._has_key = self._has_key or kind == _IDR
            if kind in (_SEQUENCE, _PICTURE):
                self._take_set(unit)
            elif kind == _MESSAGE and any(each == _ORIENTATION for each, _ in messages(unit)):
                raise Doubt("its pictures are turned")
            elif kind in (_SLICE, _IDR):
                bits = Bits(unit[1:_HEAD_BYTES])
                is_first = bits.exponential() == 0
                if bits.exponential() % 5 == _B_SLICE:
                    raise Doubt("it has B-frames")
                if is_first != (firsts == 0):
                    raise Doubt("a packet does not have one picture")
                firsts += 1
        if not firsts:
            raise Doubt("a packet has no picture")
        if self._numbers is not None and self._numbers.skips(data):
            raise Doubt("pictures are missing")
        return kinds

    def _begin(self, now_s: float) -> None:
        """Begin a group; pass it on if the stream is known to be fit."""
        sequence = self._sequence
        if sequence is None or not any(kind == _PICTURE for kind, _ in self._sets):
            raise Doubt("parameter sets are missing")
        width, height = sequence.width, sequence.height
        is_square = squared_size(width, height, sequence.aspect) == (width, height)
        is_plain = sequence.chroma == 1 and sequence.depth == 8 and sequence.is_progressive and is_square
        if sequence.profile not in _PROFILES or not is_plain or sequence.reorders or sequence.allows_gaps:
            raise Doubt("browsers may not play it as it is")
        if not 0 < width * height <= self._max_pixels:
            raise Doubt("its pictures are too large")
        if self._began_s is None:
            self._well_since_s = now_s
        else:
            self._groups += 1
        self._began_s, self._bytes = now_s, 0
        if self._was_doubted:
            is_fit = self._groups >= TRUST_GROUPS and now_s - self._well_since_s >= TRUST_S
        else:
            is_fit = sequence.reorders is False or self._groups > 0
        self._passes = self._passes or is_fit

    def _take_set(self, unit: bytes) -> None:
        kind = unit[0] & 0x1F
        if kind in _NUMBERS and len(unit) > _SET_BYTES_MAX:
            raise Doubt(f"it has a parameter set of {len(unit)} bytes")
        if kind == _SEQUENCE:
            number = Bits(unit[4:_HEAD_BYTES]).exponential()
            if self._sets.get((kind, number)) != unit:
                self._sequence = sequence_parameters(unit)
        elif kind == _PICTURE:
            bits = Bits(unit[1:_HEAD_BYTES])
            number = bits.exponential()
            bits.exponential()
            bits.fixed(2)
            if bits.exponential():
                raise Doubt("it has groups of slices")
        else:
            return
        if number >= _NUMBERS[kind]:
            raise Doubt(f"it has a parameter set with number {number}")
        self._sets[kind, number] = unit

    def _with_sets(self, data: bytes) -> bytes:
        """Return a key frame with all parameter sets before it, but after its delimiter."""
        sets = b"".join(b"\0" + _START + self._sets[key] for key in sorted(self._sets))
        at = data.find(_START, 3) if next(_units(data))[0] & 0x1F == _DELIMITER else 0
        return data[:at] + sets + data[at:]


def _units(data: bytes) -> Iterator[bytes]:
    """Yield each unit: those with parameters as a whole, of others at least the head."""
    at = data.find(_START)
    if at < 0 or data[:at].strip(b"\0"):
        raise Doubt("it has no start code")
    while at >= 0:
        begin = at + 3
        at = data.find(_START, begin)
        if unit := data[begin:at] if at >= 0 else data[begin : begin + 4096]:
            yield unit.rstrip(b"\0") if unit[0] & 0x1F in (_SEQUENCE, _PICTURE) else unit


def _annexed(parameters: bytes) -> bytes:
    """Return the parameter sets of MP4 and FLV with start codes."""
    made, at = [], 5
    for mask in (0x1F, 0xFF):
        number, at = parameters[at] & mask, at + 1
        for _ in range(number):
            size = int.from_bytes(parameters[at : at + 2], "big")
            made.append(parameters[at + 2 : at + 2 + size])
            at += 2 + size
    return b"".join(b"\0" + _START + unit for unit in made)


def _with_start_codes(packet: bytes, length_bytes: int) -> bytes:
    """Return a packet with start codes, which may have lengths in their place."""
    if not length_bytes:
        return packet
    made, at = [], 0
    while at < len(packet):
        begin = at + length_bytes
        at = begin + int.from_bytes(packet[at:begin], "big")
        if at > len(packet) or at == begin:
            raise Doubt("a packet is cut")
        made.append(packet[begin:at])
    return b"".join(b"\0" + _START + unit for unit in made)
