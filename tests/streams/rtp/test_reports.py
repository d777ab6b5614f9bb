from __future__ import annotations

import pytest
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpReceiverInfo, RtcpRrPacket, RtcpSdesPacket, RtcpSrPacket

from streams.rtp import goodbye, receiver_report, round_trip_s, short_ntp_time
from streams.rtp.reports import sender_report


def test_a_report_reads_as_a_sender_report_and_a_description() -> None:
    report, description = RtcpPacket.parse(sender_report(7, 1_000.5, (1 << 32) + 5, 3, 400, b"name"))
    assert isinstance(report, RtcpSrPacket) and isinstance(description, RtcpSdesPacket)
    info = report.sender_info
    assert (report.ssrc, info.rtp_timestamp, info.packet_count, info.octet_count) == (7, 5, 3, 400)
    assert info.ntp_timestamp == (2_208_988_800 + 1_000 << 32) + (1 << 31)
    assert [(chunk.ssrc, chunk.items) for chunk in description.chunks] == [(7, [(1, b"name")])]
    assert short_ntp_time(1_000.5) == info.ntp_timestamp >> 16 & 0xFFFFFFFF


def test_a_goodbye_names_its_source() -> None:
    (packet,) = RtcpPacket.parse(goodbye(9))
    assert isinstance(packet, RtcpByePacket) and packet.sources == [9]


def test_what_a_receiver_reports_is_read() -> None:
    blocks = [
        RtcpReceiverInfo(
            ssrc=source, fraction_lost=64, packets_lost=lost, highest_sequence=9, jitter=3, lsr=0x10000, dlsr=0x8000
        )
        for source, lost in ((7, 5), (8, -1))
    ]
    description = RtcpSdesPacket(chunks=[])
    read = receiver_report(bytes(RtcpRrPacket(ssrc=1, reports=blocks)) + bytes(description))
    assert read is not None and not read.is_leaving
    assert [(each.source, each.share_lost, each.lost) for each in read.receptions] == [(7, 0.25, 5), (8, 0.25, -1)]
    assert (read.receptions[0].last_report, read.receptions[0].delay) == (0x10000, 0x8000)
    by_sender = receiver_report(sender_report(7, 1_000.5, 5, 3, 400, b"name") + goodbye(1))
    assert by_sender == ((), True, 7)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\xc9\x00\x01", b"\x80\x60\x00\x00", b"\x40\xc9\x00\x00"])
def test_what_is_no_report_is_ignored(data: bytes) -> None:
    assert receiver_report(data) is None


def test_a_report_with_fewer_blocks_than_it_says_has_those() -> None:
    read = receiver_report(b"\x9f\xc9\x00\x01\x00\x00\x00\x01")
    assert read == ((), False, None)


def test_the_round_trip_is_what_neither_side_took() -> None:
    sent = short_ntp_time(1_000.0)
    assert round_trip_s(1_000.75, sent, 0x8000) == 0.25  # half a second passed at the receiver
    assert round_trip_s(1_000.75, 0, 0x8000) is None
    assert round_trip_s(999.0, sent, 0) is None  # a clock was set
