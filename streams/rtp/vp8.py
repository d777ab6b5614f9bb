"""RTP payloads of VP8 (RFC 7741)."""

from __future__ import annotations

from .limits import PAYLOAD_MAX

_FIRST, _FURTHER = b"\x10", b"\x00"


def vp8_payloads(data: bytes) -> tuple[bytes, ...]:
    """Return the payloads of the RTP packets of one frame; all have the same size, except the last.

    The payload descriptor is the shortest: without picture numbers, receivers order frames by sequence numbers, which
    stay right for a viewer who moves to another encoder.
    """
    step = PAYLOAD_MAX - 1
    starts = range(0, len(data), step)
    return tuple((_FURTHER if start else _FIRST) + data[start : start + step] for start in starts)
