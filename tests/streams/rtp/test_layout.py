from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from streams.rtp import Extensions, Layout
from streams.rtp.layout import SEND_TIME_AT, marked, ntp_time, send_time
from streams.rtp.limits import PACKET_MAX, PAYLOAD_MAX

ALL = Extensions(mid=1, mid_value=b"0", send_time=3, capture_time=5, playout_delay=14, playout_s=(0.0, 0.1))


def test_a_head_without_extensions_is_the_shortest() -> None:
    head = Layout(96, 10).head(0.0, 0.0)
    assert head == b"\x80\x60" + bytes(10)
    assert marked(head) == b"\x80\xe0" + bytes(10)


def test_a_head_has_its_extensions_where_a_parser_finds_them() -> None:
    head = Layout(97, 16, ALL).head(1_700_000_000.25, 1_700_000_000.0)
    assert len(head) % 4 == 0
    packet = RtpPacket.parse(head + b"payload", HeaderExtensionsMap())
    assert (packet.payload_type, packet.marker, packet.payload) == (97, 0, b"payload")
    assert head[12:14] == b"\xbe\xde" and struct.unpack("!H", head[14:16])[0] * 4 == len(head) - 16
    elements = {}
    at = 16
    while at < len(head) and head[at]:
        number, size = head[at] >> 4, (head[at] & 15) + 1
        elements[number] = head[at + 1 : at + 1 + size]
        at += 1 + size
    assert elements == {
        1: b"0",
        3: send_time(1_700_000_000.25),
        5: struct.pack("!II", 1_700_000_000 + 2_208_988_800, 0),
        14: bytes((0, 0, 10)),
    }
    assert head[SEND_TIME_AT : SEND_TIME_AT + 3] == send_time(1_700_000_000.25)


def test_no_packet_is_larger_than_a_network_has_to_carry() -> None:
    head = Layout(97, 16, replace(ALL, mid_value=b"00")).head(0.0, 0.0)
    repeated = 2  # the number of the packet before its payload
    assert len(head) + repeated + PAYLOAD_MAX + 16 <= PACKET_MAX


@pytest.mark.parametrize(("at", "expected"), [(0.0, 0), (1.0, 1 << 18), (63.5, 127 << 17), (64.0, 0)])
def test_the_time_of_sending_wraps_after_64_seconds(at: float, expected: int) -> None:
    assert int.from_bytes(send_time(at), "big") == expected


def test_ntp_times_have_32_bits_behind_the_point() -> None:
    assert ntp_time(0.5) == (2_208_988_800 << 32) + (1 << 31)
