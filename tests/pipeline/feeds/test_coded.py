"""Coded pictures reach those who take them, and frames come only while somebody needs them."""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction

import av
import numpy as np
import pytest

from cameras import CameraError, CodedPicture, Frame
from pipeline import Feed, State, StreamConfig
from tests.fakes import FakeClock, FakeStream, coded, frame
from tests.pipeline.builders import camera_config, line_feed, source_feed


class Reader:
    """Puts what it gets into a queue."""

    def __init__(self) -> None:
        self.group: Sequence[CodedPicture] | None = None
        self.events: queue.SimpleQueue[CodedPicture | str] = queue.SimpleQueue()

    def begin(self, group: Sequence[CodedPicture]) -> None:
        self.group = group

    def take(self, picture: CodedPicture) -> None:
        self.events.put(picture)

    def interrupted(self) -> None:
        self.events.put("interrupted")

    def ended(self) -> None:
        self.events.put("end")

    def next(self) -> CodedPicture:
        picture = self.events.get(timeout=5)
        assert isinstance(picture, CodedPicture), picture
        return picture

    def word(self) -> str:
        word = self.events.get(timeout=5)
        assert isinstance(word, str), word
        return word


class Cameras:
    """The cameras of a feed, each made after the one before has failed."""

    def __init__(self) -> None:
        self.made: queue.SimpleQueue[FakeStream] = queue.SimpleQueue()

    def make(self) -> FakeStream:
        camera = FakeStream()
        self.made.put(camera)
        return camera

    def next(self) -> FakeStream:
        return self.made.get(timeout=5)


@pytest.fixture
def cameras() -> Cameras:
    return Cameras()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def lock() -> threading.RLock:
    return threading.RLock()


@pytest.fixture
def feed(cameras: Cameras, clock: FakeClock, lock: threading.RLock) -> Iterator[Feed]:
    feed = source_feed("porch", cameras.make, clock, lock, may_pass=True)
    yield feed
    assert feed.close()


def group(*numbers: int) -> list[CodedPicture]:
    return [coded(number, is_key=number % 10 == 0) for number in numbers]


def test_a_camera_whose_coded_pictures_are_enough_is_not_decoded(feed: Feed, cameras: Cameras) -> None:
    assert feed.passes, "it may"
    reader = Reader()
    watch = feed.watch_coded(reader)
    cameras.next().give_coded(*group(40, 41, 42))
    pictures = [reader.next() for _ in range(3)]
    assert [(picture.pts, picture.sequence) for picture in pictures] == [(0, 0), (1, 1), (2, 2)]
    assert [mark.stage for mark in pictures[1].trace] == ["captured", "source"]
    assert (feed.state, feed.passes, feed.latest, feed.newest) == (State.RUNNING, True, None, pictures[-1])
    summary = feed.summary()
    assert (summary["width_px"], summary["height_px"], summary["frame_rate"]) == (8, 6, 30.0)
    counters = feed.counters
    assert (counters["decoded"], counters["frames_in"], counters["frames_out"]) == (0, 3, 3)
    watch.close()
    watch.close()
    assert not feed.watched


def test_a_frame_has_time_and_number_of_its_coded_picture(feed: Feed, cameras: Cameras) -> None:
    reader = Reader()
    watch = feed.watch_coded(reader)
    with feed.watch() as frames:
        camera = cameras.next()
        for number in range(3):
            camera.give_coded(coded(number, is_key=number == 0))
            picture, shown = reader.next(), frames.get(5)
            assert (picture.pts, picture.sequence, picture.time_base) == (shown.pts, shown.sequence, shown.time_base)
        assert feed.counters["decoded"] == feed.counters["frames_in"] == feed.counters["frames_out"] == 3
    watch.close()


def test_frames_come_while_somebody_needs_them_and_for_the_linger(
    feed: Feed, cameras: Cameras, clock: FakeClock
) -> None:
    reader = Reader()
    watch = feed.watch_coded(reader)
    camera = cameras.next()
    camera.give_coded(*group(0, 1))
    reader.next()
    reader.next()
    with feed.watch() as frames:
        camera.give_coded(coded(2))
        assert frames.get(5).pts == 2
    camera.give_coded(coded(3))
    assert feed.wants_frames and reader.next().pts == 2 and reader.next().pts == 3
    clock.advance(feed.config.linger_s)
    assert not feed.wants_frames and feed.watched
    camera.give_coded(coded(4), coded(5))
    assert [reader.next().pts for _ in range(2)] == [4, 5]
    assert feed.latest is None, "nobody takes an old frame for the present one"
    watch.close()
    assert not feed.wants_frames, "it lingers undecoded"


def test_who_joins_gets_the_group_so_far(feed: Feed, cameras: Cameras) -> None:
    first, second = Reader(), Reader()
    watch = feed.watch_coded(first)
    camera = cameras.next()
    camera.give_coded(*group(8, 9, 10, 11))
    seen = [first.next() for _ in range(4)]
    other = feed.watch_coded(second)
    assert first.group == () and second.group == tuple(seen[2:])
    camera.give_coded(coded(12))
    assert first.next() is second.next()
    watch.close()
    camera.give_coded(coded(13))
    assert second.next().sequence == 5 and first.events.empty()
    other.close()


def test_frames_without_coded_pictures_interrupt(feed: Feed, cameras: Cameras) -> None:
    reader = Reader()
    watch = feed.watch_coded(reader)
    camera = cameras.next()
    camera.give_coded(*group(0, 1))
    reader.next()
    reader.next()
    camera.give(frame(2), frame(3))
    assert [reader.word() for _ in range(2)] == ["interrupted"] * 2
    assert not feed.passes and feed.newest is feed.latest
    late = Reader()
    feed.watch_coded(late).close()
    assert late.group == ()
    camera.give_coded(*group(10, 11))
    assert [reader.next().sequence for _ in range(2)] == [4, 5]
    assert feed.passes
    watch.close()


def test_a_camera_without_coded_pictures_interrupts_at_once(clock: FakeClock, cameras: Cameras) -> None:
    feed = source_feed("porch", cameras.make, clock)
    assert not feed.passes
    reader = Reader()
    watch = feed.watch_coded(reader)
    cameras.next().give(frame())
    assert reader.word() == "interrupted"
    watch.close()
    assert feed.close()


def test_after_a_reconnection_readers_go_on(feed: Feed, cameras: Cameras) -> None:
    reader = Reader()
    watch = feed.watch_coded(reader)
    camera = cameras.next()
    camera.give_coded(*group(0, 1))
    assert [reader.next().pts for _ in range(2)] == [0, 1]
    camera.give(CameraError("gone"))
    again = cameras.next()
    again.give_coded(coded(0, is_key=True, width=16))
    picture = reader.next()
    assert picture.pts > 1 and (picture.sequence, picture.width) == (2, 16)
    watch.close()


def test_an_exchange_of_the_producer_keeps_readers_and_forgets_the_group(
    feed: Feed, cameras: Cameras, clock: FakeClock
) -> None:
    reader = Reader()
    watch = feed.watch_coded(reader)
    cameras.next().give_coded(*group(0, 1))
    assert [reader.next().sequence for _ in range(2)] == [0, 1]
    others = Cameras()
    other = source_feed("other", others.make, clock, may_pass=True)
    feed.produce(camera_config("porch"), other.producer)
    late = Reader()
    feed.watch_coded(late).close()
    assert late.group == () and feed.passes
    others.next().give_coded(coded(0, is_key=True))
    picture = reader.next()
    assert picture.sequence == 2 and picture.pts > 1
    watch.close()
    assert other.close()


def test_a_camera_chained_on_it_needs_frames(
    feed: Feed, cameras: Cameras, clock: FakeClock, lock: threading.RLock
) -> None:
    line = line_feed("chained", feed, clock=clock, lock=lock)
    assert not line.passes
    reader = Reader()
    on_line = line.watch_coded(reader)
    assert feed.wants_frames, "nothing else could tell the reader that it waits in vain"
    cameras.next().give_coded(coded(0, is_key=True))
    assert reader.word() == "interrupted"
    on_line.close()
    assert line.close()


def test_a_camera_that_only_is_kept_running_is_not_decoded(feed: Feed, cameras: Cameras, clock: FakeClock) -> None:
    feed.keep_running()
    assert not feed.wants_frames
    never = dataclasses.replace(feed.config, stream=StreamConfig(passthrough="never"))
    feed.configure(never)
    assert feed.wants_frames
    cameras.next()
    feed.keep_running(False)


def test_readers_end_with_the_feed_and_when_it_becomes_private(feed: Feed) -> None:
    reader, late = Reader(), Reader()
    watch = feed.watch_coded(reader)
    feed.end_watches()
    assert reader.word() == "end"
    watch.close()
    again = Reader()
    feed.watch_coded(again)
    assert feed.close()
    assert again.word() == "end"
    with pytest.raises(RuntimeError, match="is closed"):
        feed.watch_coded(late)
    assert not feed.wants_frames


def test_the_key_frame_is_held_where_nothing_is_decoded(feed: Feed, cameras: Cameras, clock: FakeClock) -> None:
    reader = Reader()
    watch = feed.watch_coded(reader)
    cameras.next().give_coded(key_frame(5), coded(6))
    assert [reader.next().sequence for _ in range(2)] == [0, 1]
    held = feed.held()
    assert isinstance(held, Frame) and (held.width, held.height, held.sequence) == (64, 48, 0)
    watch.close()
    clock.advance(feed.config.linger_s)
    assert feed.state is State.IDLE and feed.newest is None
    held = feed.held()
    assert held is not None and abs(int(held.image[0, 0, 0]) - 100) <= 8
    feed.forget_held()
    assert feed.held() is None


def test_what_cannot_be_decoded_is_not_held() -> None:
    assert coded(is_key=True).decoded() is None


def key_frame(pts: int) -> CodedPicture:
    """Return a coded key frame of 64 x 48 pixels, gray."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuv420p"
    encoder.time_base, encoder.options = Fraction(1, 30), {"tune": "zerolatency"}
    picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 100, np.uint8), "bgr24")
    data = b"".join(map(bytes, encoder.encode(picture.reformat(format="yuv420p", threads=1))))
    return coded(pts, is_key=True, width=64, height=48, data=data)
