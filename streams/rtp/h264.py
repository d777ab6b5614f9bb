"""RTP payloads of H.264 (RFC 6184, packetization mode 1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .limits import PAYLOAD_MAX

_START_CODE = re.compile(rb"\x00\x00\x01")
_AUD, _FILLER, _STAP_A, _FU_A = 9, 12, 24, 28
_SENT = frozenset(range(1, 24)) - {_AUD, _FILLER}  # in RTP, further numbers mean packets
_FORBIDDEN_AND_IMPORTANCE, _IMPORTANCE, _KIND = 0xE0, 0x60, 0x1F
_FIRST, _LAST = 0x80, 0x40


def h264_payloads(data: bytes) -> tuple[bytes, ...]:
    """Return the payloads of the RTP packets of one picture.

    Small units next to each other, such as the parameter sets, share a packet (STAP-A). A unit that is too large is
    cut into fragments (FU-A) of equal size, except the last: one system call can then send all of them. Delimiters,
    filler data, and units of unspecified kinds are left out.

    Args:
        data: The units of the picture, with start codes (Annex B).
    """
    payloads: list[bytes] = []
    small: list[bytes] = []
    size = 1
    for unit in h264_units(data):
        if len(unit) > PAYLOAD_MAX:
            _flush(small, payloads)
            size = 1
            payloads += _fragments(unit)
            continue
        if size + 2 + len(unit) > PAYLOAD_MAX:
            _flush(small, payloads)
            size = 1
        small.append(unit)
        size += 2 + len(unit)
    _flush(small, payloads)
    return tuple(payloads)


def h264_units(data: bytes) -> Iterator[bytes]:
    """Yield the units of a picture that are sent, without start codes."""
    starts = [found.end() for found in _START_CODE.finditer(data)]
    ends = [*(start - 3 for start in starts[1:]), len(data)]
    for start, end in zip(starts, ends, strict=False):
        unit = data[start:end].rstrip(b"\x00")  # a unit never ends with zeros: they belong to the next start code
        if unit and unit[0] & _KIND in _SENT:
            yield unit


def _flush(units: list[bytes], payloads: list[bytes]) -> None:
    """Move small units into one payload."""
    if len(units) == 1:
        payloads.append(units[0])
    elif units:
        header = _STAP_A | max(unit[0] & _IMPORTANCE for unit in units)
        parts = [bytes((header,))]
        for unit in units:
            parts += (len(unit).to_bytes(2, "big"), unit)
        payloads.append(b"".join(parts))
    units.clear()


def _fragments(unit: bytes) -> list[bytes]:
    step = PAYLOAD_MAX - 2
    indicator, kind = unit[0] & _FORBIDDEN_AND_IMPORTANCE | _FU_A, unit[0] & _KIND
    first, middle, last = (bytes((indicator, kind | mark)) for mark in (_FIRST, 0, _LAST))
    starts = range(1, len(unit), step)
    heads = [first, *[middle] * (len(starts) - 2), last]
    return [head + unit[start : start + step] for head, start in zip(heads, starts, strict=True)]
