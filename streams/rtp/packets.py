"""The packets of one picture, laid out once for all viewers with the same layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
        packets: Start and length without tag of each packet.
        segment_bytes: Size of a packet, with tag.
    """

    data: bytes
    packets: tuple[tuple[int, int], ...]
    segment_bytes: int


def laid_out(
    payloads: Sequence[bytes], layout: Layout, sent_at: float, captured_at: float, bytes_max: int = CALL_BYTES_MAX
) -> tuple[Call, ...]:
    """Return the packets of a picture, without sequence numbers, time and source.

    Args:
        payloads: The payloads of its packets.
        layout: The layout of the packets.
        sent_at: Wall-clock time of sending.
        captured_at: Wall-clock time of the capture.
        bytes_max: Most bytes in one call.
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
        calls.append(_call(group, segment, head, tag, marked(head)))
    return tuple(calls)


def _call(group: Sequence[bytes], segment: int, head: bytes, tag: bytes, last_head: bytes | None = None) -> Call:
    parts: list[bytes] = []
    packets = []
    at = 0
    final = len(group) - 1
    for number, payload in enumerate(group):
        first = last_head if last_head is not None and number == final else head
        parts += (first, payload, tag)
        packets.append((at, len(head) + len(payload)))
        at += segment
    return Call(b"".join(parts), tuple(packets), segment)


def restamped(call: Call, sent_at: float) -> Call:
    """Return a call with another time of sending, for packets with ``abs-send-time``."""
    stamp = send_time(sent_at)
    data = bytearray(call.data)
    for start, _ in call.packets:
        data[start + SEND_TIME_AT : start + SEND_TIME_AT + len(stamp)] = stamp
    return Call(bytes(data), call.packets, call.segment_bytes)
