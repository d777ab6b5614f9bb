"""The packets of one picture, laid out once for all viewers with the same layout."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .layout import SEND_TIME_AT, Layout, marked, send_time

CALL_BYTES_MAX = 62_000
"""Most bytes in one system call: a datagram of IPv4 holds 65507, and segmentation counts as one until it is cut."""

CALL_PACKETS_MAX = 64
"""Most packets in one system call (``UDP_MAX_SEGMENTS`` of older kernels)."""


@dataclass(frozen=True, slots=True)
class Call:
    """Packets that leave in one system call: all have the same size, except the last, which is at most as large.

    Attributes:
        data: The packets one after another, each with its head and with room for the tag of SRTP.
        starts: Where each packet begins.
        lengths: The length of each packet without its tag, as integers of the machine (``int``).
        segment_bytes: Size of a packet, with tag.
        octets: Bytes of the payloads.
    """

    data: bytes
    starts: tuple[int, ...]
    lengths: bytes
    segment_bytes: int
    octets: int


def laid_out(
    payloads: Sequence[bytes],
    layout: Layout,
    sent_at: float,
    captured_at: float,
    bytes_max: int = CALL_BYTES_MAX,
    *,
    is_end: bool = True,
) -> tuple[Call, ...]:
    """Return the packets of a picture, without sequence numbers, time and source.

    Args:
        payloads: The payloads of its packets.
        layout: The layout of the packets.
        sent_at: Wall-clock time of sending.
        captured_at: Wall-clock time of the capture.
        bytes_max: Most bytes in one call.
        is_end: Whether the last one is the last of its picture, which has the marker.
    """
    head = layout.head(sent_at, captured_at)
    tag = bytes(layout.tag_bytes)
    beside = len(head) + len(tag)
    packets_max = CALL_PACKETS_MAX
    calls: list[Call] = []
    group: list[bytes] = []
    segment = last = 0
    for payload in payloads:
        size = len(payload) + beside
        full = len(group) == packets_max or (len(group) + 1) * segment > bytes_max
        if group and (full or last != segment or size > segment):
            calls.append(_call(group, segment, head, tag))
            group = []
        if not group:
            segment = size
        group.append(payload)
        last = size
    if group:
        calls.append(_call(group, segment, head, tag, marked(head) if is_end else None))
    return tuple(calls)


def _call(group: Sequence[bytes], segment: int, head: bytes, tag: bytes, last_head: bytes | None = None) -> Call:
    parts: list[bytes] = []
    for payload in group:
        parts += (head, payload, tag)
    if last_head is not None:
        parts[-3] = last_head
    lengths = array("i", (len(head) + len(payload) for payload in group))
    starts = tuple(range(0, segment * len(group), segment))
    return Call(b"".join(parts), starts, lengths.tobytes(), segment, sum(map(len, group)))


def restamped(call: Call, sent_at: float) -> Call:
    """Return a call with another time of sending, for packets with ``abs-send-time``."""
    stamp = send_time(sent_at)
    data = bytearray(call.data)
    for start in call.starts:
        data[start + SEND_TIME_AT : start + SEND_TIME_AT + len(stamp)] = stamp
    return replace(call, data=bytes(data))
