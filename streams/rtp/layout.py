"""How the RTP packets of a viewer are laid out: payload type and header extensions (RFC 3550, RFC 8285)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_VERSION, _EXTENDED = 0x80, 0x10
_MARKER = 0x80
_ONE_BYTE_EXTENSIONS = 0xBEDE
HIGHEST_ID = 14
"""Highest number of an extension in the short form; RFC 8285 keeps 15."""

_NTP_EPOCH_S = 2_208_988_800
_PLAYOUT_UNIT_S = 0.01


@dataclass(frozen=True)
class Extensions:
    """The header extensions that a viewer has accepted, by their numbers; 0 for those that are not sent.

    Attributes:
        mid: Number of the identification of the media line (RFC 8843).
        mid_value: The identification.
        send_time: Number of ``abs-send-time``.
        capture_time: Number of ``abs-capture-time``.
        playout_delay: Number of ``playout-delay``.
        playout_s: Least and longest delay of the player that is asked for, in seconds.
    """

    mid: int = 0
    mid_value: bytes = b""
    send_time: int = 0
    capture_time: int = 0
    playout_delay: int = 0
    playout_s: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Layout:
    """What the packets of several viewers have in common, so that a picture is laid out once for all of them.

    Attributes:
        payload_type: Payload type of the packets.
        tag_bytes: Bytes that SRTP appends to each packet.
        extensions: Their header extensions.
    """

    payload_type: int
    tag_bytes: int
    extensions: Extensions = Extensions()

    def head(self, sent_at: float, captured_at: float) -> bytes:
        """Return the head of a packet, without marker, sequence number, time and source: these are zero.

        Args:
            sent_at: Wall-clock time of sending.
            captured_at: Wall-clock time of the capture.
        """
        wanted = self.extensions
        parts = []
        if wanted.send_time:  # first, at a fixed place
            parts.append(_element(wanted.send_time, send_time(sent_at)))
        if wanted.mid:
            parts.append(_element(wanted.mid, wanted.mid_value))
        if wanted.playout_delay:
            least, longest = (round(limit_s / _PLAYOUT_UNIT_S) for limit_s in wanted.playout_s)
            parts.append(_element(wanted.playout_delay, (least << 12 | longest).to_bytes(3, "big")))
        if wanted.capture_time:
            parts.append(_element(wanted.capture_time, ntp_time(captured_at).to_bytes(8, "big")))
        if not parts:
            return struct.pack("!BBxxxxxxxxxx", _VERSION, self.payload_type)
        body = b"".join(parts)
        body += bytes(-len(body) % 4)
        start = struct.pack("!BBxxxxxxxxxx", _VERSION | _EXTENDED, self.payload_type)
        return start + struct.pack("!HH", _ONE_BYTE_EXTENSIONS, len(body) // 4) + body


SEND_TIME_AT = 12 + 4 + 1
"""Where a head has its ``abs-send-time``, if it has one."""


def marked(head: bytes) -> bytes:
    """Return the head of the last packet of a picture."""
    return head[:1] + bytes((head[1] | _MARKER,)) + head[2:]


def send_time(at: float) -> bytes:
    """Return a wall-clock time as ``abs-send-time``: 24 bits, 18 of them behind the point of the seconds."""
    return (int(at * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big")


def ntp_time(at: float) -> int:
    """Return a wall-clock time as NTP timestamp: seconds since 1900, 32 bits before the point and 32 behind."""
    return int((at + _NTP_EPOCH_S) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def _element(number: int, value: bytes) -> bytes:
    return bytes((number << 4 | len(value) - 1,)) + value
