"""A session: its reports, what its client reports, and when it ends."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpReceiverInfo, RtcpRrPacket, RtcpSrPacket

from streams import Admissions, Readers, RtspError, RtspSession, RtspSessions, TooManyPeers
from streams.rtsp.session import LEAVING_S, TIMEOUT_S
from tests.streams.fakes import FakeGraph, fake_graph

from .fakes import Way, coded

pytestmark = pytest.mark.anyio


@dataclass
class Control:
    """The connection of a client."""

    sessions: dict[str, RtspSession] = field(default_factory=dict)
    closed: int = 0

    def hang_up(self) -> None:
        self.closed += 1


class Clock:
    """Stands in for the timers of the event loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda: self.now)
        monkeypatch.setattr(loop, "call_at", self.call_at)
        monkeypatch.setattr(loop, "call_later", lambda delay_s, *call: self.call_at(self.now + delay_s, *call))

    def call_at(self, at: float, call: Callable[..., object], *arguments: object) -> Timer:
        timer = Timer(at, lambda: call(*arguments))
        self.timers.append(timer)
        return timer

    def advance(self, to: float) -> None:
        """Let the timers run up to a time."""
        while due := [timer for timer in self.timers if timer.at <= to]:
            timer = min(due, key=lambda each: each.at)
            self.timers.remove(timer)
            self.now = max(self.now, timer.at)
            if not timer.cancelled:
                timer.call()
        self.now = to


@dataclass
class Timer:
    """A timer of the clock."""

    at: float
    call: Callable[[], object]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Stage:
    """A table of sessions without UDP."""

    graph: FakeGraph
    readers: Readers
    sessions: RtspSessions
    clock: Clock

    def begin(self, way: Way | None = None) -> tuple[RtspSession, Way, Control]:
        """Begin a session, whose video is that of a fake pool."""
        video = self.sessions.video("porch", annotations=True)
        session = self.sessions.begin(video, "192.0.2.1", "192.0.2.1", lambda: "")
        control, way = Control(), way or Way()
        session.attach(control)
        self.header = session.set_up(way)
        return session, way, control

    def playing(self, way: Way | None = None) -> tuple[RtspSession, Way, Control]:
        """Begin a session that has got a picture."""
        session, way, control = self.begin(way)
        session.watch()
        session.play()
        session._video.push(coded(0, is_key=True))
        return session, way, control


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    with fake_graph() as graph:
        readers = Readers(graph, Admissions(lambda: graph.config.server.limits))
        sessions = RtspSessions(readers, graph.pool, None)
        yield Stage(graph, readers, sessions, Clock(monkeypatch))
        sessions.close()
        monkeypatch.undo()
        await readers.close()


def source_of(header: str) -> int:
    """Return the SSRC of a Transport header."""
    return int(header.rpartition("ssrc=")[2], 16)


def reception(source: int, *, share: int = 0, lost: int = 0) -> bytes:
    """Return a receiver's report."""
    info = RtcpReceiverInfo(
        ssrc=source, fraction_lost=share, packets_lost=lost, highest_sequence=0, jitter=0, lsr=0, dlsr=0
    )
    return bytes(RtcpRrPacket(ssrc=1, reports=[info]))


async def test_packets_are_plain_rtp_of_the_source_that_the_client_was_told(stage: Stage) -> None:
    session, way, _ = stage.begin()
    assert stage.header.startswith("RTP/AVP/FAKE;ssrc=")
    number = session.next_number
    session.watch()
    session.play()
    session._video.push(coded(0, is_key=True))
    session._video.push(coded(1))
    heads = [struct.unpack_from("!BBHII", packet) for packet in way.packets]
    assert [head[:3] for head in heads] == [(0x80, 0xE0, number), (0x80, 0xE0, number + 1)]
    assert {head[4] for head in heads} == {source_of(stage.header)}
    assert heads[1][3] - heads[0][3] == 3000
    sent = stage.readers.traffic("porch")["rtsp"]
    assert (sent.packets, sent.skipped, sent.missed, sent.repeated) == (2, 0, 0, 0)
    assert sent.size == sum(len(packet) - 12 for packet in way.packets)


async def test_what_was_sent_is_counted_in_all_the_ways_that_a_session_has_had(stage: Stage) -> None:
    session, _, _ = stage.playing()
    session.pause()
    way = Way()
    session.set_up(way)
    session.play()
    way.behind = True
    session._video.push(coded(1, is_key=True))
    assert (session.traffic.packets, session.traffic.skipped) == (1, 1)
    session.close()
    assert stage.readers.traffic("porch")["rtsp"].packets == 1


async def test_it_reports_when_its_pictures_were_captured(stage: Stage) -> None:
    session, way, _ = stage.begin()
    session.watch()
    session.play()
    assert way.reports == []
    session._video.push(coded(0, is_key=True))
    stage.clock.advance(0.5)
    (report, _) = RtcpPacket.parse(way.reports[0])
    assert isinstance(report, RtcpSrPacket) and report.ssrc == source_of(stage.header)
    stage.clock.advance(10.5)
    assert len(way.reports) == 3
    way.behind = True
    stage.clock.advance(20.5)
    assert len(way.reports) == 3


async def test_what_a_client_reports_is_shown(stage: Stage) -> None:
    session, _, _ = stage.playing()
    (shown,) = stage.readers.sessions("porch")
    assert shown["kind"] == "rtsp" and shown["id"] == session.id != session.secret
    assert (shown["codec"], shown["annotations"], shown["loss"], shown["rtt_ms"]) == ("h264", False, None, None)
    session.on_report(reception(source_of(stage.header) ^ 1, share=255))
    session.on_report(b"no report")
    assert session.loss is None
    session.on_report(reception(source_of(stage.header), share=64))
    assert stage.readers.sessions("porch")[0]["loss"] == 0.25


async def test_losses_are_healed_by_a_key_frame_now_and_then(stage: Stage) -> None:
    session, _, _ = stage.playing(Way(is_lossless=False))
    asked: list[bool] = []
    session._video.request_key_frame = lambda: asked.append(True)  # type: ignore[method-assign]
    source = source_of(stage.header)
    for at, lost, times in ((1.0, 0, 0), (2.0, 3, 1), (2.5, 4, 1), (4.0, 4, 1), (5.0, 5, 2)):
        stage.clock.now = at
        session.on_report(reception(source, lost=lost))
        assert len(asked) == times


async def test_a_silent_client_over_udp_is_gone_after_a_minute(stage: Stage) -> None:
    session, way, control = stage.playing(Way(is_lossless=False))
    stage.clock.advance(TIMEOUT_S - 1)
    session.on_report(reception(0))
    stage.clock.advance(2 * TIMEOUT_S - 2)
    assert stage.sessions.find(session.secret, "192.0.2.1") is session
    stage.clock.advance(2 * TIMEOUT_S)
    assert control.closed == 1 and way.closed == 1 and stage.readers.sessions("porch") == []
    *_, goodbye = RtcpPacket.parse(way.reports[-1])
    assert isinstance(goodbye, RtcpByePacket) and goodbye.sources == [source_of(stage.header)]


async def test_our_own_reports_do_not_keep_a_session(stage: Stage) -> None:
    session, way, control = stage.playing(Way(is_lossless=False))
    stage.clock.advance(TIMEOUT_S - 1)
    session.on_report(way.reports[-1])
    stage.clock.advance(TIMEOUT_S + 1)
    assert control.closed == 1


async def test_a_client_that_plays_over_tcp_need_not_say_that_it_is_there(stage: Stage) -> None:
    session, _, control = stage.playing()
    stage.clock.advance(10 * TIMEOUT_S)
    assert session.plays and control.closed == 0
    session.pause()
    stage.clock.advance(12 * TIMEOUT_S)
    assert control.closed == 1


async def test_a_client_that_says_goodbye_leaves_soon_unless_it_comes_back(stage: Stage) -> None:
    session, _, control = stage.playing(Way(is_lossless=False))
    session.on_report(bytes(RtcpByePacket(sources=[1])))
    session.alive()
    stage.clock.advance(2 * LEAVING_S)
    assert control.closed == 0
    session.on_report(bytes(RtcpByePacket(sources=[1])))
    stage.clock.advance(3 * LEAVING_S + 1)
    assert control.closed == 1


async def test_a_session_that_its_client_ends_is_gone_without_a_word(stage: Stage) -> None:
    session, way, control = stage.playing()
    session.close()
    session.close()
    session.end("too late")
    session.play()
    assert (control.closed, way.closed, control.sessions) == (0, 1, {})
    with pytest.raises(RtspError, match="there is no such session; it may have ended") as caught:
        stage.sessions.find(session.secret, "192.0.2.1")
    assert caught.value.status == 454


async def test_a_session_belongs_to_one_address(stage: Stage) -> None:
    session, _, _ = stage.begin()
    with pytest.raises(RtspError):
        stage.sessions.find(session.secret, "192.0.2.2")


async def test_a_session_goes_with_its_camera(stage: Stage) -> None:
    session, _, control = stage.playing()
    session._video.end()
    assert control.closed == 1 and not session.plays


async def test_sessions_count_as_viewers(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = stage.graph.config.server.limits.model_copy(update={"viewers": 1})
    readers = Readers(stage.graph, Admissions(lambda: limits))
    sessions = RtspSessions(readers, stage.graph.pool, None)
    sessions.begin(sessions.video("porch", annotations=True), "a", "a", lambda: "")
    closed: list[bool] = []
    video = sessions.video("porch", annotations=True)
    monkeypatch.setattr(video, "close", lambda: closed.append(True))
    with pytest.raises(TooManyPeers):
        sessions.begin(video, "b", "b", lambda: "")
    assert closed == [True]
    sessions.close()
    assert readers.sessions("porch") == []
    monkeypatch.undo()
    await readers.close()
