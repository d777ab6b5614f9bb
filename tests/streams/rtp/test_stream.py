"""The RTP stream of one viewer, from pictures to packets as the viewer decrypts them."""

from __future__ import annotations

import asyncio
import gc
import os
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from aiortc.rtp import HeaderExtensionsMap, RtcpPacket, RtcpSrPacket, RtpPacket, unwrap_rtx
from pylibsrtp import Policy, Session

from streams.rtp import Extensions, Layout, Repeats, RtpStream, Transmitter
from streams.rtp.stream import AT_ONCE_BYTES, BURST_BYTES, HISTORY_S, LEAST_RATE, REPEATS_MAX_BYTES, STAMP_S

pytestmark = pytest.mark.anyio

SOURCE, REPEATED = 1234, 5678
INTERVAL = 3000
WINDOW = 1024


@dataclass
class Shot:
    """A picture with payloads of the test."""

    payloads: tuple[bytes, ...]
    pts: int = 0
    is_key_frame: bool = False
    captured_at: float = 100.0

    @property
    def size(self) -> int:
        return sum(map(len, self.payloads))


@dataclass
class Wire:
    """A path that keeps what is sent while it has room."""

    room: int = 1 << 30
    calls: list[list[bytes]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, packets: memoryview, segment_bytes: int) -> int:
        parts = [bytes(packets[at : at + segment_bytes]) for at in range(0, len(packets), segment_bytes)]
        left = parts[: self.room]
        self.room -= len(left)
        self.calls.append(left)
        self.came.set()
        return len(left)


class Viewer:
    """The stream of one viewer, and what the viewer reads."""

    def __init__(self, *, transmitter: Transmitter | None = None, repeats: bool = True) -> None:
        key = os.urandom(30)
        outgoing = Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND)
        outgoing.allow_repeat_tx, outgoing.window_size = True, WINDOW  # as aiortc's
        self._incoming = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND))
        self.wire = Wire()
        self.way: Wire | None = self.wire
        self.stream = RtpStream(
            transmitter or Transmitter(),
            Layout(96, 10, Extensions(send_time=3)),
            Session(outgoing),
            lambda: self.way,
            source=SOURCE,
            repeats=Repeats(97, REPEATED) if repeats else None,
        )

    def received(self) -> list[RtpPacket]:
        """Return the packets that came since the last call."""
        calls, self.wire.calls = self.wire.calls, []
        return [
            RtpPacket.parse(self._incoming.unprotect(each), HeaderExtensionsMap()) for call in calls for each in call
        ]

    def push(self, *payloads: bytes, number: int = 0, key: bool = False) -> bool:
        return self.stream.push(Shot(payloads, number * INTERVAL, key))


def test_a_picture_arrives_in_order_with_the_marker_at_its_end() -> None:
    viewer = Viewer()
    assert viewer.push(b"one", b"one", b"two", key=True)
    assert viewer.push(b"three", number=1)
    packets = viewer.received()
    assert [packet.payload for packet in packets] == [b"one", b"one", b"two", b"three"]
    assert [packet.marker for packet in packets] == [0, 0, 1, 1]
    first = packets[0].sequence_number
    assert [packet.sequence_number - first for packet in packets] == [0, 1, 2, 3] and first < 1 << 15
    assert packets[3].timestamp - packets[0].timestamp in (INTERVAL, INTERVAL - (1 << 32))
    assert {(packet.ssrc, packet.payload_type) for packet in packets} == {(SOURCE, 96)}
    assert viewer.stream.packets == 4


def test_viewers_share_the_packets_but_not_numbers_times_and_keys() -> None:
    transmitter = Transmitter()
    viewers = [Viewer(transmitter=transmitter) for _ in range(3)]
    picture = Shot((b"a" * 50, b"a" * 50, b"b"))
    for viewer in viewers:
        viewer.stream.push(picture)
    assert len(transmitter._calls) == 1
    packets = [viewer.received() for viewer in viewers]
    assert [[packet.payload for packet in each] for each in packets] == [list(picture.payloads)] * 3
    assert len({each[0].timestamp for each in packets}) == 3


def test_times_rise_where_another_stream_lags_behind_the_last() -> None:
    viewer = Viewer()
    for number in (10, 11, 11, 12, 9, 10, 11):
        viewer.push(b"picture", number=number, key=True)
    times = [packet.timestamp for packet in viewer.received()]
    steps = [(later - time) & 0xFFFFFFFF for time, later in pairwise(times)]
    assert steps == [INTERVAL, 1, INTERVAL, 1, INTERVAL, INTERVAL]
    data = viewer.stream.report(101.0, b"name")
    assert data is not None
    report = RtcpPacket.parse(data)[0]
    assert isinstance(report, RtcpSrPacket)
    assert (report.sender_info.rtp_timestamp - times[-1]) & 0xFFFFFFFF == 90_000


def test_sequence_numbers_wrap() -> None:
    viewer = Viewer()
    viewer.stream._next = 65_534
    viewer.push(b"1", b"2")
    viewer.push(b"3", b"4", number=1)
    assert [packet.sequence_number for packet in viewer.received()] == [65_534, 65_535, 0, 1]
    viewer.stream.repeat([65_535, 0])
    assert [packet.payload[2:] for packet in viewer.received()] == [b"2", b"3"]


@pytest.mark.parametrize("with_rtx", [True, False])
def test_missed_packets_are_sent_again(with_rtx: bool) -> None:
    viewer = Viewer(repeats=with_rtx)
    viewer.push(b"one", b"two", b"three", key=True)
    viewer.push(b"four", number=1)
    sealed = [packet for call in viewer.wire.calls for packet in call]
    sent = viewer.received()
    # In the first viewer's SRTP session a repeated packet is a replay: read it in a new one.
    viewer.stream.repeat([sent[2].sequence_number, sent[3].sequence_number, sent[3].sequence_number + 1])
    assert (viewer.stream.asked, viewer.stream.repeated) == (3, 2)
    if not with_rtx:
        # The same number must not encrypt anything else.
        assert viewer.wire.calls == [[sealed[2]], [sealed[3]]]
        return
    again = viewer.received()
    assert {(packet.payload_type, packet.ssrc) for packet in again} == {(97, REPEATED)}
    assert [packet.sequence_number - again[0].sequence_number for packet in again] == [0, 1]
    for repeated, original in zip(again, sent[2:], strict=True):
        unwrapped = unwrap_rtx(repeated, payload_type=96, ssrc=SOURCE)
        for name in ("sequence_number", "timestamp", "payload", "marker"):
            assert getattr(unwrapped, name) == getattr(original, name)


def test_packets_are_kept_for_a_time_and_a_viewer_cannot_ask_for_them_without_end() -> None:
    viewer = Viewer()
    viewer.push(b"old", key=True)
    (old,) = viewer.received()
    last = int(HISTORY_S * 90_000) // INTERVAL + 1
    for number in range(1, last + 1):
        viewer.push(b"x" * 1000, number=number)
    new = viewer.received()[-1]
    viewer.stream.repeat([old.sequence_number])
    assert viewer.stream.repeated == 0
    viewer.stream.repeat([new.sequence_number] * 1000)
    assert viewer.stream.repeated == REPEATS_MAX_BYTES // 1000
    viewer.push(b"x" * 1000, number=last + 1)
    viewer.stream.repeat([new.sequence_number] * 10)
    assert viewer.stream.repeated == REPEATS_MAX_BYTES // 1000 + 1


def test_what_is_too_old_for_libsrtp_to_repeat_is_left_out() -> None:
    viewer = Viewer(repeats=False)
    viewer.push(*[b"x"] * (WINDOW + 10), key=True)
    last = viewer.stream._next - 1
    viewer.stream.repeat([last - WINDOW - 5, last])
    assert (viewer.stream.asked, viewer.stream.repeated) == (2, 1)


def test_every_packet_that_is_kept_can_be_sent_again() -> None:
    viewer = Viewer()
    viewer.stream._next = first = 65_500
    for number in range(30):
        viewer.push(*(bytes([number, place]) for place in range(number % 4)), number=number, key=True)
    payloads = [packet.payload for packet in viewer.received()]
    numbers = [(first + place) & 0xFFFF for place in range(len(payloads))]
    viewer.stream.repeat([(first - 1) & 0xFFFF, *numbers, (first + len(payloads)) & 0xFFFF])
    again = viewer.received()
    assert [packet.payload for packet in again] == [
        number.to_bytes(2, "big") + payload for number, payload in zip(numbers, payloads, strict=True)
    ]


def test_a_layout_that_nobody_has_is_forgotten() -> None:
    transmitter = Transmitter()
    viewers = [Viewer(transmitter=transmitter) for _ in range(3)]
    viewers[0].push(b"picture", key=True)
    assert len(transmitter._shared) == 1
    viewers.clear()
    gc.collect()  # this Viewer refers to itself
    Viewer(transmitter=transmitter, repeats=False).push(b"another", key=True)
    assert len(transmitter._shared) == 1


def test_where_there_is_no_room_the_viewer_continues_with_a_key_frame() -> None:
    viewer = Viewer()
    assert viewer.push(b"key", key=True)
    viewer.wire.room = 1
    assert not viewer.push(b"long", b"longer", b"long", number=1)
    viewer.wire.room = 100
    assert viewer.push(b"next", number=2, key=True)
    packets = viewer.received()
    # The numbers of what has not left are used again: the viewer misses no packet.
    first = packets[0].sequence_number
    assert [packet.sequence_number - first for packet in packets] == list(range(len(packets)))
    assert [packet.payload for packet in packets] == [b"key", b"long", b"next"]
    assert viewer.stream.dropped == 1
    viewer.stream.repeat([packets[2].sequence_number])
    assert viewer.received()[0].payload[2:] == b"next"


def test_nothing_is_sent_where_there_is_no_way() -> None:
    viewer = Viewer()
    viewer.way = None
    assert viewer.push(b"lost", key=True)
    viewer.stream.repeat([viewer.stream._next])
    assert viewer.wire.calls == [] and viewer.stream.packets == 0


LARGE = tuple(bytes([number]) * 1000 for number in range(AT_ONCE_BYTES // 1000 + 20))


async def test_a_large_picture_leaves_in_bursts_within_its_interval() -> None:
    viewer = Viewer()
    viewer.push(b"before", key=True)
    assert viewer.push(*LARGE, number=1)
    assert len(viewer.wire.calls) == 2
    while (timer := viewer.stream._timer) is not None:
        assert timer.when() - asyncio.get_running_loop().time() < INTERVAL / 90_000 / 2
        viewer.wire.came.clear()
        await viewer.wire.came.wait()
    calls = viewer.wire.calls
    assert max(sum(map(len, call)) for call in calls) <= BURST_BYTES
    packets = viewer.received()
    assert tuple(packet.payload for packet in packets[1:]) == LARGE
    assert [packet.marker for packet in packets[1:]] == [*[0] * (len(LARGE) - 1), 1]


async def test_all_bursts_of_a_very_large_picture_leave_within_its_interval() -> None:
    viewer = Viewer()
    viewer.push(b"before", key=True)
    viewer.push(*[bytes(1000)] * 160, number=1)
    bursts = 1 + len(viewer.stream._bursts)
    assert bursts > 8
    assert 0 < viewer.stream._pause_s * (bursts - 1) < INTERVAL / 90_000


def test_a_burst_is_stamped_once_for_all_viewers_for_whom_it_leaves_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1_000.0
    monkeypatch.setattr("streams.rtp.stream.time.time", lambda: now)
    transmitter = Transmitter()
    shared = transmitter.shared(Layout(96, 10, Extensions(send_time=3)))
    call = transmitter.calls(Shot((b"burst",)), shared)[0]
    now += 0.01
    first = transmitter.stamped(call)
    assert first != call
    now += STAMP_S / 2
    assert transmitter.stamped(call) is first
    now += STAMP_S
    assert transmitter.stamped(call) not in (first, call)


async def test_the_first_picture_leaves_in_bursts_too() -> None:
    viewer = Viewer()
    viewer.push(*LARGE, key=True)
    assert viewer.stream._pause_s == 8 * BURST_BYTES / LEAST_RATE
    viewer.stream.close()


async def test_the_next_picture_does_not_overtake_the_bursts_of_the_last() -> None:
    viewer = Viewer()
    viewer.push(*LARGE, key=True)
    viewer.push(b"next", number=1)
    assert [packet.payload for packet in viewer.received()] == [*LARGE, b"next"]
    assert viewer.stream._timer is None


async def test_a_burst_without_room_gives_up_its_picture() -> None:
    viewer = Viewer()
    viewer.wire.room = 20
    assert viewer.push(*LARGE, key=True)
    assert not viewer.push(b"builds on it", number=1)
    viewer.wire.room = 100
    assert viewer.push(b"key", number=2, key=True)
    assert viewer.received()[-1].payload == b"key"
    assert viewer.stream.dropped == 1


async def test_closing_drops_what_waits() -> None:
    viewer = Viewer()
    viewer.push(*LARGE, key=True)
    timer = viewer.stream._timer
    viewer.stream.close()
    viewer.stream.close()
    assert timer is not None and timer.cancelled()


def test_a_report_tells_when_pictures_were_captured() -> None:
    viewer = Viewer()
    assert viewer.stream.report(100.0, b"name") is None
    viewer.stream.push(Shot((b"picture",), 90_000, True, captured_at=100.0))
    (packet,) = viewer.received()
    data = viewer.stream.report(100.5, b"name")
    assert data is not None
    report = RtcpPacket.parse(data)[0]
    assert isinstance(report, RtcpSrPacket)
    assert (report.sender_info.rtp_timestamp - packet.timestamp) & 0xFFFFFFFF == 45_000
    assert (report.sender_info.packet_count, report.sender_info.octet_count) == (1, len(b"picture"))
