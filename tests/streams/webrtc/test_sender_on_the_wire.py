"""Every packet of 300 frames, as a viewer gets it after ICE, DTLS and SRTP, read without the code that has made it."""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from aiortc import rtcdtlstransport
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpRtpfbPacket, RtcpSdesPacket, RtcpSrPacket

from cameras import Frame, Pixels
from pipeline import StreamConfig
from streams import EncodedFrame, PacketSink
from streams.encoding import CodecName
from tests.streams.fakes import LoopbackViewer, picture

from .test_whep import serving, ssrc_of

pytestmark = pytest.mark.anyio

FRAMES = 300
WIDTH, HEIGHT = 640, 480
CAPTURE = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
EXTENSIONS = {"http://www.webrtc.org/experiments/rtp-hdrext/playout-delay": 11, CAPTURE: 12}
NTP_EPOCH_S = 2_208_988_800
DATAGRAM_MAX = 1232


@dataclass(frozen=True)
class Packet:
    """An RTP packet (RFC 3550), with its extensions of one byte (RFC 8285)."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    source: int
    extensions: dict[int, bytes]
    payload: bytes
    size: int


def parsed(data: bytes) -> Packet:
    """Read a packet."""
    first, second, sequence, timestamp, source = struct.unpack_from("!BBHII", data)
    assert first == 0x90, "version 2, no padding, with extensions, no contributing sources"
    profile, words = struct.unpack_from("!HH", data, 12)
    assert profile == 0xBEDE
    extensions: dict[int, bytes] = {}
    at, end = 16, 16 + 4 * words
    while at < end:
        if data[at] == 0:  # padding
            at += 1
            continue
        number, length = data[at] >> 4, (data[at] & 15) + 1
        assert number not in extensions
        extensions[number] = data[at + 1 : at + 1 + length]
        at += 1 + length
    assert at == end < len(data)
    return Packet(bool(second & 128), second & 127, sequence, timestamp, source, extensions, data[end:], len(data))


def units(data: bytes) -> list[bytes]:
    """Return the units of Annex B."""
    return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")[1:]]


def h264_units(payloads: list[bytes]) -> list[bytes]:
    """Return the units in the payloads of a picture (RFC 6184)."""
    found: list[bytes] = []
    unfinished: bytes | None = None
    for payload in payloads:
        kind = payload[0] & 31
        if kind == 28:  # FU-A
            is_first, is_last, reserved = payload[1] & 128, payload[1] & 64, payload[1] & 32
            assert not reserved and not (is_first and is_last)
            assert bool(is_first) == (unfinished is None)
            head = bytes([payload[0] & 0xE0 | payload[1] & 31])
            unfinished = head if unfinished is None else unfinished
            assert unfinished[:1] == head
            unfinished += payload[2:]
            if is_last:
                found.append(unfinished)
                unfinished = None
            continue
        assert unfinished is None
        if kind == 24:  # STAP-A
            at = 1
            while at < len(payload):
                (length,) = struct.unpack_from("!H", payload, at)
                found.append(payload[at + 2 : at + 2 + length])
                at += 2 + length
            assert at == len(payload)
            assert payload[0] & 0x60 == max(unit[0] & 0x60 for unit in found)
        else:
            assert 1 <= kind <= 23
            found.append(payload)
    assert unfinished is None
    return found


def vp8_frame(payloads: list[bytes]) -> bytes:
    """Return the frame in its payloads (RFC 7741), which have the shortest descriptor."""
    assert [payload[0] for payload in payloads] == [0x10] + [0] * (len(payloads) - 1)
    return b"".join(payload[1:] for payload in payloads)


class Observed:
    """What a viewer gets, decrypted but not read: its own reading is replaced."""

    def __init__(self, viewer: LoopbackViewer) -> None:
        self.packets: list[Packet] = []
        self.reports: list[tuple[Any, int]] = []  # with the number of packets before each
        self.markers = 0
        self._came = asyncio.Event()
        transport = viewer.transceiver.receiver.transport
        setattr(transport, "_handle_rtp_data", self._media)  # noqa: B010  # a private method
        setattr(transport, "_handle_rtcp_data", self._report)  # noqa: B010

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition is true that packets bring about."""
        async with asyncio.timeout(20):
            while not condition():
                self._came.clear()
                await self._came.wait()

    def has_frames(self, number: int) -> bool:
        """Whether so many frames have come."""
        return self.markers >= number

    async def _media(self, data: bytes, arrival_time_ms: int) -> None:
        self.packets.append(parsed(data))
        self.markers += self.packets[-1].marker
        self._came.set()

    async def _report(self, data: bytes) -> None:
        self.reports += ((report, len(self.packets)) for report in RtcpPacket.parse(data))
        self._came.set()


class Recorder(PacketSink):
    """A sink beside the viewer that keeps the frames."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.frames: list[EncodedFrame] = []

    def push(self, frame: EncodedFrame) -> bool:
        self.frames.append(frame)
        return True

    def end(self) -> None:
        """Nothing is to be done."""


def frames() -> Iterator[Frame]:
    """Yield pictures of every size: of one colour, and of noise in a part."""
    random = np.random.default_rng(7)
    for number in range(FRAMES):
        image = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
        rows = (0, 0, 8, 40, 0, 160, 2, 480)[number % 8]
        image[:rows] = random.integers(0, 256, (rows, WIDTH, 3), np.uint8)
        yield replace(picture(number), pixels=Pixels.from_bgr(image))


@contextmanager
def only(monkeypatch: pytest.MonkeyPatch, profile: str) -> Iterator[None]:
    """Let both ends know only one SRTP profile."""
    with monkeypatch.context() as patched:
        patched.setattr(rtcdtlstransport, "SRTP_PROFILES", [getattr(rtcdtlstransport, profile)])
        yield


@pytest.mark.parametrize(("codec", "profile"), [("h264", "SRTP_AES128_CM_SHA1_80"), ("vp8", "SRTP_AEAD_AES_256_GCM")])
async def test_every_packet_is_right(codec: CodecName, profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Both wrap on the way.
    monkeypatch.setattr("streams.rtp.stream.secrets.randbelow", lambda below: 65_400)
    monkeypatch.setattr("streams.rtp.stream.secrets.randbits", lambda bits: (1 << bits) - 100 * 3000)
    stream = StreamConfig(codecs=(codec,), bitrate=20_000_000)
    with only(monkeypatch, profile):
        async with serving("porch", stream=stream) as (streams, graph):
            # Of a viewer that knows all codecs, with RTX, or one: then without, and packets have no time of sending.
            with_rtx = codec == "h264"
            viewer = LoopbackViewer(None if with_rtx else codec)
            observed, recorder = Observed(viewer), Recorder()
            offer = await viewer.offer()
            added = "".join(f"a=extmap:{number} {uri}\r\n" for uri, number in EXTENSIONS.items())
            answer = await streams.offer("porch", offer + added)
            await viewer.accept(answer.sdp)
            await viewer.connected.wait()
            subscription = graph.pool.subscribe(graph.feeds["porch"], codec, recorder, annotations=False)
            for count, frame in enumerate(frames(), 1):
                graph.cameras["porch"].give(frame)
                await observed.until(partial(observed.has_frames, count))
                if count % 100 == 50:
                    await viewer.transceiver.receiver._send_rtcp_pli(ssrc_of(viewer))
            subscription.close()
            check(observed, recorder, answer.sdp, codec, 16 if "GCM" in profile else 10)
            assert {send_time(packet, answer.sdp) is None for packet in observed.packets} == {not with_rtx}
            check_reports(observed, ssrc_of(viewer))
            if with_rtx:
                await check_repeats(observed, viewer, answer.sdp)
            await streams.delete(answer.secret)
            await observed.until(lambda: any(isinstance(report, RtcpByePacket) for report, _ in observed.reports))
            await viewer.close()


def send_time(packet: Packet, answer: str) -> int | None:
    """Return ``abs-send-time``, in units of 1 / 2 ** 18 s."""
    number = re.search(r"a=extmap:(\d+) \S+/abs-send-time", answer)
    assert number is not None
    value = packet.extensions.get(int(number[1]))
    return None if value is None else int.from_bytes(value, "big")


def check(observed: Observed, recorder: Recorder, answer: str, codec: str, tag_bytes: int) -> None:
    """Check the packets against the frames that the encoder has made."""
    packets, encoded = observed.packets, recorder.frames[-observed.markers :]
    numbers = {uri: int(number) for number, uri in re.findall(r"a=extmap:(\d+) (\S+)", answer)}
    mid = numbers["urn:ietf:params:rtp-hdrext:sdes:mid"]
    playout, capture = EXTENSIONS.values()
    assert numbers.items() >= EXTENSIONS.items()
    payload_type = int(re.search(r"m=video \d+ \S+ (\d+)", answer)[1])  # type: ignore[index]
    source = int(re.search(r"a=ssrc:(\d+)", answer)[1])  # type: ignore[index]
    assert {(packet.payload_type, packet.source) for packet in packets} == {(payload_type, source)}
    first = packets[0].sequence
    assert [packet.sequence for packet in packets] == [(first + place) & 0xFFFF for place in range(len(packets))]
    assert first + len(packets) > 0x10000
    assert max(packet.size + tag_bytes for packet in packets) <= DATAGRAM_MAX
    pictures = [list(group) for _, group in groupby(packets, lambda packet: packet.timestamp)]
    assert len(pictures) == len(encoded) >= FRAMES
    offset = pictures[0][0].timestamp - encoded[0].pts
    assert pictures[0][0].timestamp > pictures[-1][0].timestamp, "the time wraps"
    sent_before = 0
    for sent, frame in zip(pictures, encoded, strict=True):
        assert sent[0].timestamp == (frame.pts + offset) & 0xFFFFFFFF
        assert [packet.marker for packet in sent] == [False] * (len(sent) - 1) + [True]
        payloads = [packet.payload for packet in sent]
        if codec == "h264":
            assert h264_units(payloads) == [unit for unit in units(frame.data) if unit[0] & 31 not in (9, 12)]
        else:
            assert vp8_frame(payloads) == frame.data
        captured = struct.pack("!Q", int((frame.captured_at + NTP_EPOCH_S) * (1 << 32)))
        for packet in sent:
            assert len(packet.extensions) == 3 + (send_time(packet, answer) is not None)
            assert packet.extensions[mid] == b"0"
            assert packet.extensions[capture] == captured
            assert packet.extensions[playout] == bytes([0, 0, 10])
            now = send_time(packet, answer) or 0
            assert (now - sent_before) & 0xFFFFFF < 10 << 18 or sent_before == 0, "it rises, a few seconds at most"
            sent_before = now
    kinds = {payload[0] & 31 for packets in pictures for payload in [packet.payload for packet in packets]}
    assert codec == "vp8" or kinds >= {1, 24, 28}
    assert max(frame.size for frame in encoded) > 32_000 > min(frame.size for frame in encoded)


def check_reports(observed: Observed, source: int) -> None:
    """Check the sender reports that have come between the packets."""
    captured = {packet.timestamp: packet.extensions[EXTENSIONS[CAPTURE]] for packet in observed.packets}
    reports = [each for each in observed.reports if isinstance(each[0], RtcpSrPacket)]
    descriptions = [report for report, _ in observed.reports if isinstance(report, RtcpSdesPacket)]
    assert len(reports) == len(descriptions) >= 1
    assert {description.chunks[0].ssrc for description in descriptions} == {source}
    for report, number in reports:
        before, info = observed.packets[:number], report.sender_info
        assert report.ssrc == source
        assert info.packet_count == number
        assert info.octet_count == sum(len(packet.payload) for packet in before)
        later_s = (info.ntp_timestamp - int.from_bytes(captured[before[-1].timestamp], "big")) / (1 << 32)
        assert 0 < later_s < 30
        later = (info.rtp_timestamp - before[-1].timestamp) & 0xFFFFFFFF
        assert later == pytest.approx(later_s * 90_000, abs=2), "it tells when the last picture was captured"


async def check_repeats(observed: Observed, viewer: LoopbackViewer, answer: str) -> None:
    """Ask for packets again (RFC 4588)."""
    sent = observed.packets.copy()
    wanted = [sent[-40], sent[-2], sent[-1]]
    lost = [packet.sequence for packet in wanted]
    request = RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=sent[0].source, lost=lost)
    await viewer.transceiver.receiver.transport._send_rtp(bytes(request))
    await observed.until(lambda: len(observed.packets) >= len(sent) + len(lost))
    again = observed.packets[len(sent) :]
    payload_type = int(re.search(rf"a=fmtp:(\d+) apt={sent[0].payload_type}\r", answer)[1])  # type: ignore[index]
    source = int(re.search(rf"a=ssrc-group:FID {sent[0].source} (\d+)", answer)[1])  # type: ignore[index]
    for place, (repeated, original) in enumerate(zip(again, wanted, strict=True)):
        assert repeated == replace(
            original,
            payload_type=payload_type,
            source=source,
            sequence=(again[0].sequence + place) & 0xFFFF,
            payload=struct.pack("!H", original.sequence) + original.payload,
            extensions={**original.extensions, **repeated.extensions},
            size=original.size + 2,
        )
        sent_at, again_at = send_time(original, answer), send_time(repeated, answer)
        assert sent_at is not None and again_at is not None
        assert 0 < (again_at - sent_at) & 0xFFFFFF < 20 << 18
