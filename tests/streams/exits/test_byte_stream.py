"""A reader's bytes: from a key frame on, skipping where it is slow, and without costs for the others meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from pipeline import LimitsConfig, StreamConfig
from streams import Admissions, EncodedFrame, Muxer, MuxerOptions, NotStreamed, Readers, Subscription, TooManyPeers
from streams.exits import ByteStream, open_stream
from streams.exits.byte_stream import WAITING_BYTES
from streams.viewing import Traffic

from ..fakes import FakeGraph, fake_graph, picture

pytestmark = pytest.mark.anyio

SECOND = 90_000


class Numbers(Muxer):
    """The times of frames as text."""

    kind, path, media_type, codec, summary = "numbers", "stream.txt", "text/plain", "h264", "Numbers."

    def begin(self, frame: EncodedFrame) -> bytes:
        return b"begin "

    def frame(self, frame: EncodedFrame, pts: int) -> bytes:
        return f"{pts}{'k' if frame.is_key_frame else ''} ".encode()

    def idle(self) -> bytes:
        return b"idle "


class Requests:
    """Stands for a subscription; counts the key frames requested."""

    def __init__(self) -> None:
        self.key_frames = 0
        self.closed = 0
        self.encoder = None

    def request_key_frame(self) -> None:
        self.key_frames += 1

    def close(self) -> None:
        self.closed += 1


def frame(pts: int, *, key: bool = False, size: int = 10) -> EncodedFrame:
    return EncodedFrame(bytes(size), "h264", pts, key, 64, 48, captured_at=0.0)


def stream_of(muxer: Muxer | None = None) -> tuple[ByteStream, Requests]:
    stream, requests = ByteStream("porch", muxer or Numbers(MuxerOptions()), lambda _: None), Requests()
    stream.subscribe(cast(Subscription, requests))
    return stream, requests


async def read(stream: ByteStream, count: int) -> bytes:
    """Return the next parts of a stream, which it has by now."""
    found = b""
    parts = aiter(stream)
    for _ in range(count):
        found += await anext(parts)
    return found


async def test_a_stream_begins_with_a_key_frame_at_time_0() -> None:
    stream, _ = stream_of()
    for each in (frame(3000), frame(6000, key=True), frame(9000)):
        assert stream.push(each)
    assert await read(stream, 2) == b"begin 0k 3000 "
    assert stream.skipped == 0


async def test_times_rise_although_a_stream_of_the_camera_lags_behind_the_other() -> None:
    stream, _ = stream_of()
    for each in (frame(5000, key=True), frame(8000), frame(6000, key=True), frame(9000)):
        stream.push(each)
    assert await read(stream, 4) == b"begin 0k 3000 3001k 6001 "


@pytest.mark.parametrize("sizes", [[10] * 40, [WAITING_BYTES // 2 + 1] * 2], ids=["time", "bytes"])
async def test_a_slow_reader_skips_to_a_key_frame_that_it_requests_once_it_has_caught_up(sizes: list[int]) -> None:
    stream, requests = stream_of()
    parts = aiter(stream)
    stream.push(frame(0, key=True))
    assert await anext(parts) == b"begin 0k "
    for number, size in enumerate(sizes):  # it reads nothing meanwhile
        assert stream.push(frame((number + 1) * 3000, size=size))
    assert stream.push(frame(50 * 3000, key=True)), "not even a key frame: what was sent before is not read yet"
    assert requests.key_frames == 0
    following = asyncio.ensure_future(anext(parts))
    await asyncio.sleep(0)
    assert requests.key_frames == 1
    stream.push(frame(51 * 3000))
    stream.push(frame(52 * 3000, key=True))
    assert await following == b"156000k "
    assert requests.key_frames == 1
    assert stream.skipped == len(sizes) + 2


async def test_a_slow_reader_of_pictures_gets_the_newest_one() -> None:
    class Pictures(Numbers):
        newest_wins = True

    stream, requests = stream_of(Pictures(MuxerOptions()))
    parts = aiter(stream)
    for number in range(40):
        stream.push(frame(number * 9000, key=True))
    assert await anext(parts) == b"begin 0k "
    stream.push(frame(40 * 9000, key=True))
    assert await anext(parts) == b"9000k "
    assert (stream.skipped, requests.key_frames) == (39, 0)


async def test_silence_is_filled_where_a_muxer_wants_that() -> None:
    class Filled(Numbers):
        idle_s = 0.001

    stream, _ = stream_of(Filled(MuxerOptions()))
    parts = aiter(stream)
    assert await anext(parts) == b"idle "
    stream.push(frame(0, key=True))
    assert await anext(parts) == b"begin 0k "


async def test_a_stream_that_has_ended_gives_no_more() -> None:
    stream, requests = stream_of()
    stream.push(frame(0, key=True))
    stream.end("it must go")
    stream.end("twice")
    assert [part async for part in stream] == []
    assert stream.reason == "it must go"
    stream.close()
    stream.close()
    assert requests.closed == 2, "a subscription may be closed twice"


async def test_it_is_ready_with_the_first_frame_or_never() -> None:
    stream, _ = stream_of()
    waiting = asyncio.ensure_future(stream.ready())
    await asyncio.sleep(0)
    assert not waiting.done()
    stream.push(frame(0, key=True))
    assert await waiting
    other, _ = stream_of()
    other.end()
    assert not await other.ready()


@asynccontextmanager
async def opened(graph: FakeGraph, **limits: Any) -> AsyncIterator[Readers]:
    readers = Readers(graph, Admissions(lambda: LimitsConfig(**limits)))
    try:
        yield readers
    finally:
        await readers.close(limit_s=0.01)


async def test_a_camera_runs_while_somebody_reads() -> None:
    with fake_graph() as graph:
        async with opened(graph) as readers:
            muxer = Numbers(MuxerOptions(annotations=False))
            stream = open_stream(readers, graph.pool, "porch", muxer)
            assert graph.feeds["porch"].watched
            graph.cameras["porch"].give(picture(5))
            assert await anext(aiter(stream)) == b"begin 0k "
            (session,) = readers.sessions("porch")
            assert session == {
                "id": stream.id,
                "kind": "numbers",
                "codec": "h264",
                "rung": "160x120",
                "annotations": False,
                "bitrate": session["bitrate"],
                "loss": None,
                "rtt_ms": None,
            }
            assert readers.traffic("porch") == {"numbers": Traffic(len(b"begin 0k "))}
            stream.close()
            assert readers.sessions("porch") == []
            assert readers.traffic("porch") == {"numbers": Traffic(len(b"begin 0k "))}
        assert not graph.feeds["porch"].watched


@pytest.mark.parametrize(("limit", "expected"), [(None, 12.5), (5, 5), (60, 12.5)])
async def test_a_muxer_knows_which_rate_to_expect(limit: float | None, expected: float) -> None:
    with fake_graph(stream=StreamConfig(frame_rate=limit)) as graph:
        graph.cameras["porch"].declared_rate = 12.5
        async with opened(graph) as readers:
            muxer = Numbers(MuxerOptions())
            stream = open_stream(readers, graph.pool, "porch", muxer)
            graph.cameras["porch"].give(picture(0))
            await stream.ready()
            assert muxer.frame_rate() == expected
            stream.close()


@pytest.mark.parametrize("wanted", [False, True])
async def test_the_json_of_events_is_made_before_where_a_muxer_wants_it(wanted: bool) -> None:
    class Options(MuxerOptions):
        @property
        def wants_events(self) -> bool:
            return wanted

    with fake_graph() as graph:
        async with opened(graph) as readers:
            stream = open_stream(readers, graph.pool, "porch", Numbers(Options()))
            graph.cameras["porch"].give(picture(0))
            async for found in stream.frames():
                assert found is not None and found[0].event is not None
                assert ("json" in vars(found[0].event)) is wanted
                break
            stream.close()


async def test_a_camera_that_becomes_private_ends_its_readers() -> None:
    with fake_graph() as graph:
        async with opened(graph) as readers:
            stream = open_stream(readers, graph.pool, "porch", Numbers(MuxerOptions()))
            graph.cameras["porch"].give(picture(0))
            await stream.ready()
            graph.feeds["porch"].close()
            parts = [part async for part in stream]
            assert len(parts) <= 1
            assert stream.reason == "its camera may be watched no more"
            stream.close()


async def test_a_camera_that_is_not_streamed_in_the_codec_is_refused() -> None:
    with fake_graph(stream=StreamConfig(codecs=("vp8",))) as graph:
        async with opened(graph) as readers:
            with pytest.raises(NotStreamed, match=r"stream.txt needs h264, and camera porch streams vp8 only"):
                open_stream(readers, graph.pool, "porch", Numbers(MuxerOptions()))
            assert readers.sessions("porch") == []


async def test_a_reader_without_a_place_costs_nothing() -> None:
    with fake_graph() as graph:
        async with opened(graph, viewers=1) as readers:
            stream = open_stream(readers, graph.pool, "porch", Numbers(MuxerOptions()))
            with pytest.raises(TooManyPeers):
                open_stream(readers, graph.pool, "porch", Numbers(MuxerOptions()))
            assert len(readers.sessions("porch")) == 1
            stream.close()
