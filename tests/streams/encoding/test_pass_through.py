"""Sinks get the pictures of a camera as it has coded them, or encoded, and change between both without an end."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from pipeline import StreamConfig
from streams import EncodedFrame, EncoderPool, Subscription
from streams.encoding.pass_through import CATCH_UP_BYTES, CATCH_UP_S, MOVE_AGAIN_S, PERIOD_S, REPEAT_S, REPEATS_MAX
from tests.fakes import coded
from tests.pipeline.feeds.stage import Stage, Still
from tests.streams.fakes import picture

TICKS = 3000  # of a picture at 30 per second


class FakeLoop:
    """An event loop that runs what is scheduled when the test says so."""

    def __init__(self) -> None:
        self.soon: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self.later: list[tuple[float, Callable[..., object], tuple[Any, ...]]] = []
        self.closed = False

    def call_soon_threadsafe(self, call: Callable[..., object], *args: Any) -> None:
        if self.closed:
            raise RuntimeError("closed")
        self.soon.append((call, args))

    def call_later(self, seconds: float, call: Callable[..., object], *args: Any) -> None:
        self.later.append((seconds, call, args))

    def run(self) -> None:
        """Run what is scheduled for now."""
        while self.soon:
            call, args = self.soon.popleft()
            call(*args)

    def wait(self) -> None:
        """Run what is scheduled for later, once."""
        due, self.later = self.later, []
        for seconds, call, args in due:
            assert seconds == CATCH_UP_S
            call(*args)


class Sink:
    """Keeps what it gets, in a loop or on the thread that delivers."""

    def __init__(self, loop: FakeLoop | None = None) -> None:
        self.loop = cast(asyncio.AbstractEventLoop | None, loop)
        self.frames: list[EncodedFrame] = []
        self.keeps_up = True
        self.fails = False
        self.ended = threading.Event()
        self.came = threading.Semaphore(0)

    def push(self, frame: EncodedFrame) -> bool:
        if self.fails:
            raise RuntimeError("no room on the disk")
        self.frames.append(frame)
        self.came.release()
        return self.keeps_up

    def end(self) -> None:
        self.ended.set()

    def next(self) -> EncodedFrame:
        assert self.came.acquire(timeout=5)
        return self.frames[-1]

    def take(self) -> list[tuple[int, int]]:
        """Return number and time of what has come since the last call."""
        taken, self.frames = self.frames, []
        return [(frame.sequence, frame.pts) for frame in taken]


class StillStream(Still):
    """A producer of the test whose pictures may come coded."""

    may_pass = True


class Running:
    """A pool, and a camera whose pictures the test gives on its thread. Each tenth is a key frame."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.clock = stage.clock
        self.producer = StillStream()
        self.feed = stage.feed("porch", self.producer)
        self.pool = EncoderPool(None, self.clock.monotonic)

    def give(self, *numbers: int, size: int = 0) -> None:
        assert self.producer.output is not None
        for number in numbers:
            made = coded(number, is_key=number % 10 == 0, width=160, height=120)
            made = replace(made, sequence=number, data=made.data + bytes(size), capture_clock="camera")
            made = made.marked("captured", number / 30)
            self.producer.output.publish_coded(made)

    def give_frame(self, number: int) -> None:
        assert self.producer.output is not None
        self.producer.output.publish(replace(picture(number), sequence=number))

    def join(self, sink: Sink | None = None, **how: Any) -> tuple[Sink, Subscription]:
        sink = sink or Sink()
        return sink, self.pool.subscribe(self.feed, how.pop("codec", "h264"), sink, **how)

    def configure(self, **stream: Any) -> None:
        self.feed.configure(replace(self.feed.config, stream=StreamConfig(**stream)))

    @property
    def passed(self) -> list[bool]:
        return [encoder["passthrough"] for encoder in self.pool.encoders("porch")]


@pytest.fixture
def run() -> Iterator[Running]:
    stage = Stage()
    running = Running(stage)
    yield running
    running.pool.close()
    stage.close()


def times(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return [(number, number * TICKS) for number in numbers]


def test_all_sinks_get_the_same_pictures_and_nothing_is_encoded(run: Running) -> None:
    sinks = [run.join()[0] for _ in range(2)]
    run.give(0, 1)
    first, second = sinks[0].frames
    assert sinks[1].frames[0] is first and sinks[1].frames[1] is second
    assert (first.codec, first.pts, first.is_key_frame, second.is_key_frame) == ("h264", 0, True, False)
    assert (second.pts, second.width, second.height, second.sequence) == (TICKS, 160, 120, 1)
    assert second.data == coded().data
    assert (second.trace[0].stage, second.capture_clock) == ("captured", "camera")
    (info,) = run.pool.encoders("porch")
    assert (info["passthrough"], info["frames"], info["key_frames"], info["rung"]) == (True, 2, 1, "160x120")
    assert run.feed.counters["encoded"] == 0 and not run.feed.wants_frames
    assert set(run.feed.latency.summary()) == {"send", "total"}


def test_who_joins_gets_the_group_so_far_at_once_and_each_picture_once(run: Running) -> None:
    loop = FakeLoop()
    first, _ = run.join(Sink(loop))
    loop.run()
    run.give(0, 1, 2)
    loop.run()
    assert first.take() == times([0, 1, 2])
    run.give(3)  # is on its way to the loop
    late, _ = run.join(Sink(loop))
    run.give(4)
    loop.run()
    assert first.take() == times([3, 4])
    assert late.take() == [(number, 4 * TICKS + 1 + number) for number in range(5)]
    run.give(5)
    loop.run()
    assert first.take() == late.take() == times([5])


def test_a_stream_that_begins_gets_the_group_that_the_feed_has(run: Running) -> None:
    run.feed.keep_running()
    run.give(10, 11, 12)
    loop = FakeLoop()
    sink, _ = run.join(Sink(loop))
    loop.run()
    assert [number for number, _ in sink.take()] == [10, 11, 12]
    run.feed.keep_running(False)


def test_a_request_repeats_the_group_and_not_too_often(run: Running) -> None:
    loop = FakeLoop()
    sink, subscription = run.join(Sink(loop))
    other, _ = run.join(Sink(loop))
    loop.run()
    run.give(0, 1, 2)
    loop.run()
    sink.take()
    subscription.request_key_frame()
    loop.run()
    assert sink.take() == [(number, 2 * TICKS + 1 + number) for number in range(3)]
    subscription.request_key_frame()
    run.give(3)
    loop.run()
    assert sink.take() == times([3]), "it has just got it"
    run.clock.advance(REPEAT_S)
    run.give(4)
    loop.run()
    assert [number for number, _ in sink.take()] == [0, 1, 2, 3, 4]
    assert other.take() == times([0, 1, 2, 3, 4])


def test_times_rise_when_a_group_is_repeated_twice_before_the_next_picture(run: Running) -> None:
    loop = FakeLoop()
    sink, subscription = run.join(Sink(loop))
    run.give(0, 1, 2)
    for _ in range(2):
        loop.run()
        run.clock.advance(REPEAT_S)
        subscription.request_key_frame()
    loop.run()
    seen = [pts for _, pts in sink.take()]
    assert len(seen) == 9 and seen == sorted(set(seen))


def test_who_cannot_show_the_pictures_gets_them_encoded_and_the_others_stay(run: Running) -> None:
    loop = FakeLoop()
    sink, subscription = run.join(Sink(loop))
    other, _ = run.join(Sink(loop))
    run.give(0, 1)
    loop.run()
    for _ in range(REPEATS_MAX):
        subscription.request_key_frame()
        loop.run()
        run.clock.advance(REPEAT_S)
    assert run.passed == [True]
    subscription.request_key_frame()
    loop.run()
    assert sorted(run.passed) == [False, True]
    assert run.feed.wants_frames
    sink.take()
    run.give_frame(1)
    run.give(2)
    loop.run()
    assert other.take()[-1] == (2, 2 * TICKS) and not sink.ended.is_set()


def test_requests_that_are_far_apart_are_no_sign(run: Running) -> None:
    loop = FakeLoop()
    _, subscription = run.join(Sink(loop))
    run.give(0, 1)
    loop.run()
    for _ in range(3 * REPEATS_MAX):
        run.clock.advance(PERIOD_S / 3)
        subscription.request_key_frame()
        loop.run()
    assert run.passed == [True]


def test_a_large_group_leaves_in_portions_and_the_next_pictures_after_it(run: Running) -> None:
    loop = FakeLoop()
    first, _ = run.join(Sink(loop))
    loop.run()
    run.give(0, 1, 2, size=CATCH_UP_BYTES)
    run.give(3)
    loop.run()
    late, subscription = run.join(Sink(loop))
    loop.run()
    assert [number for number, _ in late.take()] == [0]
    run.give(4)
    loop.run()
    assert first.take()[-1] == (4, 4 * TICKS) and late.take() == []
    loop.wait()
    assert [number for number, _ in late.take()] == [1]
    loop.wait()
    loop.wait()
    assert [number for number, _ in late.take()] == [2, 3, 4]
    assert loop.later == []
    subscription.request_key_frame()
    loop.run()
    subscription.close()
    late.take()
    loop.wait()
    assert late.take() == [], "it has left"


def test_who_does_not_keep_up_goes_on_with_the_next_key_frame(run: Running) -> None:
    sink, _ = run.join()
    run.give(0)
    sink.keeps_up = False
    run.give(1)
    sink.keeps_up = True
    run.give(2, 3)
    assert [number for number, _ in sink.take()] == [0, 1]
    run.give(10, 11)
    assert sink.take() == times([10, 11])


def test_a_sink_that_fails_is_removed(run: Running) -> None:
    sink, _ = run.join()
    other, subscription = run.join()
    sink.fails = True
    run.give(0)
    assert len(other.frames) == 1
    subscription.close()
    assert run.passed == [] and not run.feed.watched


def test_sinks_of_a_closed_loop_leave(run: Running) -> None:
    loop = FakeLoop()
    _, subscription = run.join(Sink(loop))
    loop.closed = True
    subscription.request_key_frame()
    assert run.passed == [] and not run.feed.watched


def test_frames_without_coded_pictures_are_encoded_until_coded_ones_come_again(run: Running) -> None:
    sink, subscription = run.join()
    run.give(0, 1)
    assert run.passed == [True]
    run.give_frame(2)
    assert run.passed == [False]
    frame = sink.next()
    while frame.sequence != 2:
        frame = sink.next()
    assert frame.is_key_frame and frame.pts > TICKS
    run.give(10, 11)
    assert not run.passed[0], "the encoder notices it with the next frame"
    run.give(20)
    run.give_frame(20)
    while not sink.next().data == coded(is_key=True).data:
        pass
    assert run.passed == [True]
    seen = sink.take()
    assert [pts for _, pts in seen] == sorted({pts for _, pts in seen}) and not sink.ended.is_set()
    subscription.close()


def test_who_joins_before_a_camera_that_cannot_be_passed_on_has_opened_is_moved(run: Running) -> None:
    sink, _ = run.join()
    assert run.passed == [True], "it may be"
    run.give_frame(0)
    assert sink.next().is_key_frame and run.passed == [False]


def test_an_interruption_that_finds_no_thread_is_tried_again(run: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    sink, _ = run.join()
    run.give(0)
    with monkeypatch.context() as patched:

        def start_task(*args: object) -> None:
            raise RuntimeError("can't start new thread")

        patched.setattr(run.feed.executor, "start_task", start_task)
        run.give_frame(1)
        assert run.passed == [True]
    run.give_frame(2)
    assert run.passed == [True], "not with each frame"
    run.clock.advance(MOVE_AGAIN_S)
    run.give_frame(3)
    assert run.passed == [False] and not sink.ended.is_set()


@pytest.mark.parametrize("how", [{"codec": "vp8"}, {"codec": "mjpeg"}])
def test_what_only_an_encoder_gives_is_encoded(run: Running, how: dict[str, Any]) -> None:
    run.join(**how)
    assert run.passed == [False] and run.feed.wants_frames


@pytest.mark.parametrize(
    "stream",
    [
        {"passthrough": "never"},
        {"bitrate": 500_000},
        {"frame_rate": 10.0},
        {"key_frame_interval_s": 2.0},
        {"preset": "fast"},
    ],
    ids=lambda stream: next(iter(stream)),
)
def test_settings_of_the_encoder_take_effect_at_once(run: Running, stream: dict[str, Any]) -> None:
    sink, _ = run.join()
    run.give(0, 1)
    assert run.passed == [True]
    run.configure(**stream)
    run.give(2)
    assert run.passed == [False]
    run.configure()
    run.give(3)
    run.give_frame(3)
    while run.passed != [True]:
        sink.next()
    assert not sink.ended.is_set()


def test_an_annotated_stream_is_encoded(run: Running) -> None:
    run.producer.annotates = True
    run.join(annotations=True)
    assert run.passed == [False]
    run.join(annotations=False)
    assert sorted(run.passed) == [False, True]


def test_sinks_end_with_their_camera(run: Running) -> None:
    sink, _ = run.join()
    run.give(0)
    run.feed.end_watches()
    assert sink.ended.wait(5)
    again, _ = run.join()
    run.feed.end()
    assert again.ended.wait(5)


def test_sinks_end_with_the_pool(run: Running) -> None:
    sink, _ = run.join()
    run.give(0)
    run.pool.close()
    assert sink.ended.is_set() and not run.feed.watched


def test_another_producer_goes_on_in_the_same_stream(run: Running) -> None:
    sink, _ = run.join()
    run.give(0, 1)
    run.producer = StillStream()
    run.feed.produce(run.feed.config, run.producer)
    run.give(0, 1)
    assert [frame.is_key_frame for frame in sink.frames] == [True, False, True, False]
    seen = sink.take()
    assert [number for number, _ in seen] == [0, 1, 2, 3]
    assert [pts for _, pts in seen] == sorted({pts for _, pts in seen})
    run.producer = StillStream()
    run.producer.may_pass = False
    run.feed.produce(run.feed.config, run.producer)
    run.give_frame(0)
    assert run.passed == [False] and not sink.ended.is_set()
