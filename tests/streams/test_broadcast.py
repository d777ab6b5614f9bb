from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import av
import pytest

from cameras import Frame
from pipeline import RunningCamera
from streams.broadcast import STANDSTILL_S, Broadcast, BroadcastKey, encoder_for
from streams.codecs import CodecName, VideoPacket
from streams.encoder import Encoder
from streams.keyframes import PAUSE_S
from tests.fakes import FakeClock
from tests.streams.fakes import FakeGraph, fake_graph, picture

pytestmark = pytest.mark.anyio


class Running:
    """A broadcast of the camera ``porch``, its clock, and a way to hand it frames one by one."""

    def __init__(self, graph: FakeGraph, make: Callable[[RunningCamera, CodecName], Encoder]) -> None:
        self.graph = graph
        self.clock = FakeClock()
        self.camera = graph.cameras["porch"]
        key = BroadcastKey("porch", "h264", False)
        self.broadcast = Broadcast(self.camera, key, asyncio.get_running_loop(), make, self.clock.monotonic)

    def give(self, *numbers: int) -> None:
        self.graph.feeds["porch"].give(*(picture(number) for number in numbers))


@asynccontextmanager
async def running(
    make: Callable[[RunningCamera, CodecName], Encoder] = encoder_for,
) -> AsyncIterator[Running]:
    with fake_graph("porch") as graph:
        run = Running(graph, make)
        run.broadcast.start()
        try:
            yield run
        finally:
            run.broadcast.stop()
            await run.broadcast.wait()


async def test_all_viewers_get_the_same_packets_of_one_encoding() -> None:
    async with running() as run:
        tracks = [run.broadcast.join() for _ in range(3)]
        run.give(0)
        packets = [await track.recv() for track in tracks]
        assert packets[0].is_keyframe
        assert packets[0] is packets[1] is packets[2]
        assert run.camera.counters["encoded"] == run.broadcast.frames == 1
        assert run.broadcast.status() == {
            "codec": "h264",
            "rung": "160x120",
            "annotations": False,
            "frames": 1,
            "key_frames": 1,
            "bitrate": packets[0].size * 4,
        }
        assert set(run.camera.latency.summary()) >= {"encode", "total"}


async def test_a_late_viewer_gets_a_key_frame_after_the_pause() -> None:
    async with running() as run:
        first = run.broadcast.join()
        run.give(0)
        assert (await first.recv()).is_keyframe
        late = run.broadcast.join()
        run.give(1)
        assert not (await first.recv()).is_keyframe
        run.clock.advance(PAUSE_S)
        run.give(2)
        packet = await late.recv()
        assert packet.is_keyframe
        assert await first.recv() is packet
        assert run.broadcast.key_frames == 2


async def test_requests_of_many_are_served_once() -> None:
    async with running() as run:
        track = run.broadcast.join()
        run.give(0)
        await track.recv()
        run.clock.advance(PAUSE_S)
        for _ in range(20):
            run.broadcast.ask_key_frame()
        run.give(1)
        assert (await track.recv()).is_keyframe
        run.clock.advance(0.1)
        run.give(2)
        assert not (await track.recv()).is_keyframe


async def test_the_last_picture_is_repeated_for_who_joins_while_nothing_comes() -> None:
    async with running() as run:
        first = run.broadcast.join()
        run.give(0)
        start = await first.recv()
        run.clock.advance(PAUSE_S + 1.5)
        late = run.broadcast.join()
        run.clock.advance(STANDSTILL_S)
        # Time stands for the broadcast now, so it has to be told to look at its clock again.
        assert run.broadcast._watch is not None
        run.broadcast._watch.wake()
        packet = await late.recv()
        assert packet.is_keyframe
        assert packet.pts is not None and start.pts is not None
        assert packet.pts - start.pts == round((PAUSE_S + 1.5 + STANDSTILL_S) * 90_000)


class Failing(Encoder):
    """Fails for one frame, and says so."""

    def __init__(self, codec: CodecName, failed: Callable[[], None]) -> None:
        super().__init__(codec)
        self._failed = failed

    def encode(self, frame: Frame, *, key: bool = False, later_s: float = 0.0) -> list[VideoPacket]:
        if frame.pts == 1:
            self._failed()
            raise av.error.ExternalError(1, "it broke")
        return super().encode(frame, key=key, later_s=later_s)


async def test_a_failing_encoder_is_counted_reported_and_built_anew(caplog: pytest.LogCaptureFixture) -> None:
    failed, made = asyncio.Event(), list[Encoder]()
    loop = asyncio.get_running_loop()

    def fail() -> None:
        loop.call_soon_threadsafe(failed.set)

    def make(camera: RunningCamera, codec: CodecName) -> Encoder:
        made.append(Failing(codec, fail))
        return made[-1]

    async with running(make) as run:
        track = run.broadcast.join()
        run.give(0)
        await track.recv()
        run.give(1)
        await failed.wait()
        run.give(2)
        packet = await track.recv()
        assert packet.is_keyframe and packet.pts == 6000
        assert len(made) == 2
        assert run.camera.counters["errors"] == 1
    assert "camera porch: its h264 encoder failed (" in caplog.text


async def test_the_last_to_leave_ends_the_thread() -> None:
    def encoders() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("encoder")]

    async with running() as run:
        one, two = run.broadcast.join(), run.broadcast.join()
        assert encoders() == ["encoder porch h264"]
        assert not run.broadcast.leave(one)
        assert run.broadcast.leave(two)
        run.broadcast.stop()
        run.broadcast.stop()
        await run.broadcast.wait()
        assert encoders() == []
        assert not run.camera.watched
