"""RTCP packets of a sender, and what receivers report to it (RFC 3550, section 6)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from .layout import ntp_time

_VERSION = 0x80
_SENDER_REPORT, _RECEIVER_REPORT, _DESCRIPTION, _GOODBYE = 200, 201, 202, 203
_CNAME = 1
_BLOCKS_AT = {_SENDER_REPORT: 28, _RECEIVER_REPORT: 8}
_BLOCK = struct.Struct("!IIIIII")
_LONGEST_TRIP = 60 << 16  # a longer one is nonsense, or a clock was set


class Reception(NamedTuple):
    """How a source is received.

    Attributes:
        source: Its SSRC.
        share_lost: Share of packets lost since the last report, from 0 to 1.
        lost: Number of packets lost so far; receivers may count packets that came twice as negative.
        last_report: The middle 32 bits of the NTP time in the last sender report; 0 before the first.
        delay: Time since that came, in 1/65536 s.
    """

    source: int
    share_lost: float
    lost: int
    last_report: int
    delay: int


class ReceiverReport(NamedTuple):
    """What came in one packet of a receiver.

    Attributes:
        receptions: How it receives each source.
        is_leaving: Whether it says goodbye.
        sender: The SSRC of the sender's report in it; ``None`` without one.
    """

    receptions: tuple[Reception, ...]
    is_leaving: bool
    sender: int | None = None


def receiver_report(data: bytes) -> ReceiverReport | None:
    """Return what a packet of a receiver says; ``None`` if it is not one of RTCP."""
    receptions: list[Reception] = []
    is_leaving, sender, at = False, None, 0
    while at + 4 <= len(data):
        first, kind, words = struct.unpack_from("!BBH", data, at)
        end = at + 4 * (words + 1)
        if first & 0xC0 != _VERSION or not 192 <= kind <= 223 or end > len(data):
            return None
        is_leaving = is_leaving or kind == _GOODBYE
        if kind == _SENDER_REPORT and end >= at + 8:
            sender = int.from_bytes(data[at + 4 : at + 8])
        if kind in _BLOCKS_AT:
            starts = range(at + _BLOCKS_AT[kind], end - _BLOCK.size + 1, _BLOCK.size)
            for start, _ in zip(starts, range(first & 0x1F), strict=False):
                receptions.append(_reception(data, start))
        at = end
    return ReceiverReport(tuple(receptions), is_leaving, sender) if at else None


def round_trip_s(now: float, last_report: int, delay: int) -> float | None:
    """Return the round-trip time that a report gives, in seconds; ``None`` if it gives none.

    Args:
        now: Wall-clock time at which the report came.
        last_report: As in :class:`Reception`.
        delay: The same.
    """
    if not last_report:
        return None
    trip = (short_ntp_time(now) - last_report - delay) & 0xFFFFFFFF
    return trip / 65536 if trip < _LONGEST_TRIP else None


def sender_report(source: int, now: float, timestamp: int, packets: int, octets: int, name: bytes) -> bytes:
    """Return a sender report with the description of the source.

    Args:
        source: The SSRC.
        now: Wall-clock time.
        timestamp: The RTP time that belongs to it.
        packets: Number of packets sent so far.
        octets: Number of bytes of their payloads.
        name: The canonical name (CNAME).
    """
    words = struct.pack(
        "!IQIII", source, ntp_time(now), timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF
    )
    return _packet(_SENDER_REPORT, 0, words) + _description(source, name)


def goodbye(source: int) -> bytes:
    """Return the packet that ends a source."""
    return _packet(_GOODBYE, 1, struct.pack("!I", source))


def short_ntp_time(now: float) -> int:
    """Return a wall-clock time as reports repeat it: the middle 32 bits of the NTP timestamp."""
    return ntp_time(now) >> 16 & 0xFFFFFFFF


def _reception(data: bytes, start: int) -> Reception:
    source, losses, _, _, last_report, delay = _BLOCK.unpack_from(data, start)
    lost = losses & 0xFFFFFF
    return Reception(source, (losses >> 24) / 256, lost - (lost >> 23 << 24), last_report, delay)


def _description(source: int, name: bytes) -> bytes:
    chunk = struct.pack("!IBB", source, _CNAME, len(name)) + name + b"\0"
    return _packet(_DESCRIPTION, 1, chunk + bytes(-len(chunk) % 4))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", _VERSION | count, kind, len(body) // 4) + body
