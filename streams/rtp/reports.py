"""RTCP packets of a sender (RFC 3550, section 6)."""

from __future__ import annotations

import struct

from .layout import ntp_time

_VERSION = 0x80
_SENDER_REPORT, _DESCRIPTION, _GOODBYE = 200, 202, 203
_CNAME = 1


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


def _description(source: int, name: bytes) -> bytes:
    chunk = struct.pack("!IBB", source, _CNAME, len(name)) + name + b"\0"
    return _packet(_DESCRIPTION, 1, chunk + bytes(-len(chunk) % 4))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", _VERSION | count, kind, len(body) // 4) + body
