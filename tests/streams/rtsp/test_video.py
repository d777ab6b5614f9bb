"""The video of a reader: what waits before it plays, and what it gets when it is slow."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from typing import Any, cast

import pytest

from pipeline import StreamConfig
from streams import EncodedFrame, EncoderPool, NoConnection, RtspVideo
from streams.rtp import Layout, RtpStream, Transmitter
from streams.rtsp.video import WAITING_MAX
from tests.streams.fakes import FakeGraph, fake_graph, picture

from .fakes import Way, coded

pytestmark = pytest.mark.anyio


class Subscribed:
    """The place of a video at an encoder, and the pool that gives it."""

    def __init__(self) -> None:
        self.asked = 0
        self.closed = 0
        self.codecs: list[str] = []

    def subscribe(self, feed: object, codec: str, sink: object, *, annotations: bool) -> Subscribed:
        self.codecs.append(codec)
        return self

    def request_key_frame(self) -> None:
        self.asked += 1

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def graph() -> Iterator[FakeGraph]:
    with fake_graph() as graph:
        yield graph


class Reading:
    """A video whose pictures the test makes."""

    def __init__(self, graph: FakeGraph, **how: Any) -> None:
        self.pool = Subscribed()  # a pool that is its own subscription
        self.video = RtspVideo(graph.feeds["porch"], cast(EncoderPool, self.pool), annotations=True, **how)
        self.way = Way()
        path = self.way.path
        self.stream = RtpStream(Transmitter(), Layout(96, tag_bytes=0), None, lambda: path, source=7, paced=False)

    def give(self, *frames: EncodedFrame) -> list[bool]:
        return [self.video.push(frame) for frame in frames]

    def play(self) -> None:
        self.video.play(self.stream, self.way)

    @property
    def times(self) -> list[int]:
        """The times of the packets, of which each is one picture; from 0."""
        found = [struct.unpack_from("!I", packet, 4)[0] for packet in self.way.packets]
        return [(time - found[0]) // 3000 for time in found]


async def test_the_newest_group_waits_until_the_reader_plays(graph: FakeGraph) -> None:
    reading = Reading(graph)
    reading.video.watch()
    reading.video.watch()
    assert reading.pool.codecs == ["h264"]
    waits = asyncio.create_task(reading.video.ready())
    first = coded(0, is_key=True)
    reading.give(first, coded(1), coded(2, is_key=True), coded(3))
    assert await waits and reading.video.key_frame is first
    reading.play()
    reading.give(coded(4))
    assert reading.times == [0, 1, 2]  # pictures 2, 3 and 4
    assert reading.pool.asked == 0


async def test_when_too_many_wait_a_key_frame_is_asked_for_as_soon_as_the_reader_plays(graph: FakeGraph) -> None:
    reading = Reading(graph)
    reading.video.watch()
    reading.give(coded(0, is_key=True), *(coded(number) for number in range(1, WAITING_MAX + 3)))
    assert reading.pool.asked == 0
    reading.play()
    assert reading.pool.asked == 1
    reading.give(coded(30), coded(31, is_key=True), coded(32))
    assert reading.times == [0, 1]


async def test_a_reader_that_stands_still_asks_for_nothing_and_goes_on_with_one_key_frame(graph: FakeGraph) -> None:
    reading = Reading(graph)
    reading.play()
    reading.give(coded(0, is_key=True))
    reading.way.behind = True
    assert reading.give(coded(1), coded(2), coded(3, is_key=True), coded(4)) == [True] * 4
    reading.video.request_key_frame()
    assert (reading.pool.asked, reading.video.skipped) == (0, 4)
    reading.way.behind = False
    reading.give(coded(5))  # room, but what waited has not been read yet
    reading.video.drained()
    reading.video.drained()
    assert reading.pool.asked == 1
    reading.give(coded(6), coded(7, is_key=True), coded(8))
    assert reading.times == [0, 7, 8]


async def test_a_picture_that_udp_has_no_room_for_needs_a_key_frame(graph: FakeGraph) -> None:
    reading = Reading(graph)
    reading.play()
    reading.way.path.room = 1
    assert reading.give(coded(0, is_key=True), coded(1)) == [True, False]


async def test_a_paused_reader_leaves_the_encoder_and_comes_back(graph: FakeGraph) -> None:
    reading = Reading(graph)
    reading.play()
    reading.give(coded(0, is_key=True), coded(1))
    reading.video.pause()
    reading.video.pause()
    assert reading.pool.closed == 1 and reading.video.subscription is None
    reading.play()
    reading.give(coded(90, is_key=True), coded(91))
    assert len(reading.pool.codecs) == 2
    assert reading.times == [0, 1, 90, 91]


async def test_it_ends_with_its_camera(graph: FakeGraph) -> None:
    ended: list[bool] = []
    reading = Reading(graph, on_end=lambda: ended.append(True))
    reading.video.watch()
    waits = asyncio.create_task(reading.video.ready())
    await asyncio.sleep(0)
    reading.video.end()
    assert not await waits
    assert ended == [True] and reading.pool.closed == 1
    reading.video.close()
    reading.give(coded(0, is_key=True))  # was on its way


async def test_whoever_waits_for_a_key_frame_can_be_cancelled(graph: FakeGraph) -> None:
    reading = Reading(graph)
    waits = asyncio.create_task(reading.video.ready())
    await asyncio.sleep(0)
    waits.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waits
    reading.give(coded(0, is_key=True))
    assert await reading.video.ready()
    reading.video.close()


async def test_pictures_come_from_the_shared_encoder() -> None:
    with fake_graph(stream=StreamConfig(codecs=("vp8",))) as graph:
        video = RtspVideo(graph.feeds["porch"], graph.pool, annotations=False)
        video.watch()
        graph.cameras["porch"].give(picture(0))
        async with asyncio.timeout(10):
            assert await video.ready()
        frame = video.key_frame
        assert frame is not None and frame.codec == "vp8"  # the only one that the camera may stream
        video.close()
        assert graph.pool.encoders("porch") == []


async def test_a_closed_server_gives_no_video(graph: FakeGraph) -> None:
    graph.pool.close()
    video = RtspVideo(graph.feeds["porch"], graph.pool, annotations=True)
    with pytest.raises(NoConnection, match="the server is shutting down"):
        video.watch()
    video.close()
