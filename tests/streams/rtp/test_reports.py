from __future__ import annotations

from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpSdesPacket, RtcpSrPacket

from streams.rtp import goodbye, short_ntp_time
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
