"""A feed is permanent while its producer is replaced: demand follows, time and sequence continue."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import count

import cv2
import pytest

from cameras import Attributes, BoundingBox, CameraEnded, Detection, Frame
from pipeline import Executor, Feed, Output, Producer, Run, State, StreamConfig, WorkerExecutor
from pipeline.execution import BlockingRun
from pipeline.feeds.feed import AGAIN_S, SUCCESSION_S
from pipeline.producers.line import Line
from pipeline.producers.source import Source
from pipeline.producers.step import Row
from tests.fakes import FakeCamera, FakeClock, frame
from tests.pipeline.builders import camera_config
from transforms import TRANSFORMS, Style, Transform


class Still(Producer):
    """A producer without a thread: publishes the frames of the test on the test's thread."""

    def __init__(self) -> None:
        self.output: Output | None = None
        self.starts = 0
        self.runs: list[Run] = []
        self.stopped = threading.Event()
        self.refuses: Exception | None = None

    state = State.RUNNING
    error = None

    def start(self, output: Output, executor: Executor, previous: Run | None = None) -> Run:
        if self.refuses is not None:
            raise self.refuses
        self.output = output
        self.starts += 1
        self.runs.append(executor.start_thread("still", self._work, previous))
        return self.runs[-1]

    def _work(self, run: BlockingRun) -> None:
        assert run.stopping.wait(5)
        self.stopped.set()

    def give(self, made: Frame) -> bool:
        assert self.output is not None
        return self.output.publish(made)


class Stage:
    """Feeds that share a clock and a lock, each with a producer that the test controls."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.lock = threading.RLock()
        self.feeds: list[Feed] = []

    def feed(self, name: str, producer: Producer, source: Feed | None = None) -> Feed:
        feed = Feed(name, self.clock, self.lock, WorkerExecutor(self.clock))
        feed.produce(camera_config(name), producer, source)
        self.feeds.append(feed)
        return feed

    def line(self, name: str, source: Feed, *transforms: Transform[Attributes]) -> Feed:
        feed = Feed(name, self.clock, self.lock, WorkerExecutor(self.clock))
        self.feeds.append(feed)
        self.put_line(feed, source, *transforms)
        return feed

    def put_line(self, feed: Feed, source: Feed, *transforms: Transform[Attributes]) -> None:
        line = Line(feed.name, source, Row(transforms), self.clock, feed.reports)
        feed.produce(camera_config(feed.name), line, source)

    def close(self) -> None:
        for feed in reversed(self.feeds):
            assert feed.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    built = Stage()
    yield built
    built.close()


class Beside(Still):
    """A producer that opens beside the one that it replaces; all of them number the frames of one source."""

    opens_beside = True
    origin = "the source"


def at(pts: int, second: float, sequence: int = 0, time_base: Fraction = Fraction(1, 30)) -> Frame:
    """Return a frame captured at a second of the monotonic clock."""
    return frame(pts, time_base=time_base).retimed(pts, time_base, sequence).marked("captured", second)


def crop() -> Transform[Attributes]:
    kind = TRANSFORMS["crop"]
    return kind(kind.attributes_type.model_validate({"x_max_px": 0.5, "y_max_px": 0.5}), {})


def test_a_watch_stays_open_and_time_continues_when_the_producer_is_replaced(stage: Stage) -> None:
    first, second = Still(), Still()
    feed = stage.feed("porch", first)
    with feed.watch() as watch:
        first.give(at(300, 10.0, 7))
        before = watch.get(5)
        feed.produce(camera_config("porch"), second)
        assert (feed.latest, feed.state) == (before, State.RUNNING)
        second.give(at(0, 11.0, 0))
        after = watch.get(5)
        second.give(at(3, 11.1, 1))
        next_one = watch.get(5)
    assert (before.pts, before.sequence) == (300, 7)
    assert (after.pts, after.sequence) == (330, 8), "one second later on the clock, and the next number"
    assert (next_one.pts, next_one.sequence) == (333, 9)
    assert feed.counters["frames_out"] == 3, "counts continue"


def test_late_frames_of_the_old_producer_are_dropped(stage: Stage) -> None:
    first, second = Still(), Still()
    feed = stage.feed("porch", first)
    with feed.watch() as watch:
        feed.produce(camera_config("porch"), second)
        assert not first.give(frame())
        assert first.stopped.wait(5)
        assert second.give(frame())
        assert watch.get(5) is feed.latest


def test_the_finer_time_base_applies_after_a_replacement(stage: Stage) -> None:
    first, second = Still(), Still()
    feed = stage.feed("porch", first)
    with feed.watch() as watch:
        first.give(at(30, 10.0))
        watch.get(5)
        feed.produce(camera_config("porch"), second)
        times = []
        for number in range(3):
            second.give(at(number * 10, 11.0 + number / 100, number, Fraction(1, 1000)))
            times.append(watch.get(5).time_s)
    assert times == [2.0, 2.01, 2.02]


def test_demand_moves_to_the_new_source_and_the_old_one_closes_after_its_linger(stage: Stage) -> None:
    old, new, line_before = Still(), Still(), Still()
    one, two = stage.feed("one", old), stage.feed("two", new)
    feed = stage.feed("porch", line_before, one)
    with feed.watch(), feed.watch():
        assert (one.watched, two.watched) == (True, False)
        feed.produce(camera_config("porch"), Still(), two)
        assert (one.watched, two.watched) == (False, True)
        assert one.state is State.RUNNING, "it lingers"
        stage.clock.advance(one.config.linger_s)
        assert (one.state, two.state) == (State.IDLE, State.RUNNING)
    stage.clock.advance(two.config.linger_s)
    assert (two.state, feed.state) == (State.IDLE, State.IDLE)


def test_an_idle_feed_starts_its_new_producer_only_when_it_is_watched(stage: Stage) -> None:
    first, second = Still(), Still()
    feed = stage.feed("porch", first)
    feed.produce(camera_config("porch"), second)
    assert (first.starts, second.starts) == (0, 0)
    with feed.watch():
        assert (first.starts, second.starts) == (0, 1)


def test_a_feed_that_is_kept_running_stays_so(stage: Stage) -> None:
    root = stage.feed("root", Still())
    other = stage.feed("other", Still())
    feed = stage.feed("porch", Still(), root)
    feed.keep_running()
    feed.produce(camera_config("porch"), Still(), other)
    feed.watch().close()
    stage.clock.advance(3600)
    assert (feed.state, other.state, root.state) == (State.RUNNING, State.RUNNING, State.IDLE)


def test_a_feed_may_be_kept_and_released_more_than_once(stage: Stage) -> None:
    feed = stage.feed("porch", Still())
    states: list[State] = []
    for kept in (True, True, False, False):
        feed.keep_running(kept)
        stage.clock.advance(3600)
        states.append(feed.state)
    assert states == [State.RUNNING, State.RUNNING, State.IDLE, State.IDLE]
    with feed.watch():
        assert feed.state is State.RUNNING


def test_the_old_producer_continues_when_the_new_one_cannot_start(stage: Stage) -> None:
    first, second = Still(), Still()
    second.refuses = RuntimeError("can't start new thread")
    source = stage.feed("root", Still())
    feed = stage.feed("porch", first)
    with feed.watch() as watch:
        with pytest.raises(RuntimeError, match="can't start"):
            feed.produce(camera_config("porch"), second, source)
        assert first.give(frame(pts=4))
        assert watch.get(5).pts == 4
        assert (feed.producer, feed.source, source.watched) == (first, None, False)


def test_a_feed_cannot_be_its_own_source(stage: Stage) -> None:
    root = stage.feed("root", Still())
    feed = stage.feed("porch", Still(), root)
    with pytest.raises(ValueError, match="camera root would take its frames from itself"):
        root.produce(camera_config("root"), Still(), feed)
    stage.feeds[0].close()
    with pytest.raises(RuntimeError, match="camera root is closed"):
        root.produce(camera_config("root"), Still())


def test_another_style_applies_to_the_next_painting(stage: Stage) -> None:
    feed = stage.feed("porch", Still())
    shown = frame(width=160, height=120).with_annotations([Detection("star", 0.9, box=BoundingBox(0.2, 0.2, 0.8, 0.8))])
    before = feed.painted(shown)
    feed.configure(replace(feed.config, linger_s=3))
    assert feed.painted(shown).pixels is before.pixels, "the pictures painted so far stay"
    feed.configure(replace(feed.config, style=Style(line_width_px=9)))
    assert (feed.painted(shown).image != before.image).any()
    feed.close()
    with pytest.raises(RuntimeError, match="camera porch is closed"):
        feed.configure(feed.config)


def test_the_version_changes_with_every_replacement_in_the_chain(stage: Stage) -> None:
    root = stage.feed("root", Still())
    feed = stage.feed("porch", Still(), root)
    seen = {feed.version}
    root.produce(camera_config("root"), Still())
    seen.add(feed.version)
    feed.produce(camera_config("porch"), Still(), root)
    seen.add(feed.version)
    feed.produce(camera_config("porch"), Still())
    seen.add(feed.version)
    assert len(seen) == 4


def test_the_transforms_of_a_running_line_can_be_replaced(stage: Stage) -> None:
    camera = FakeCamera()
    root = Feed("root", stage.clock, stage.lock, WorkerExecutor(stage.clock))
    root.produce(camera_config("root"), Source("root", lambda: camera, stage.clock, root.reports))
    stage.feeds.append(root)
    feed = stage.line("porch", root)
    with feed.watch() as watch:
        camera.give(frame(pts=0, width=8, height=6))
        assert (watch.get(5).width, feed.producer.transforms()) == (8, [])
        stage.put_line(feed, root, crop())
        for pts in count(1):
            camera.give(frame(pts=pts, width=8, height=6))
            came = watch.get(5)
            if came.width != 8:  # the old line goes on until the new one is open
                break
        assert (came.width, came.height) == (4, 3)
        assert came.sequence > 0
        assert [item["type"] for item in feed.summary()["transforms"]] == ["crop"]
    assert camera.opened == 1, "the source was never without demand"


def test_an_ended_feed_starts_again_with_a_new_producer(stage: Stage) -> None:
    camera, second = FakeCamera(), Still()
    feed = Feed("porch", stage.clock, stage.lock, WorkerExecutor(stage.clock))
    feed.produce(camera_config("porch"), Source("porch", lambda: camera, stage.clock, feed.reports))
    stage.feeds.append(feed)
    with feed.watch() as watch:
        camera.give(frame())
        watch.get(5)
        camera.give(CameraEnded())
        assert camera.closed.wait(5)
        assert feed._run is not None and feed._run.wait()
        assert feed.summary()["state"] == "ended"
        feed.produce(camera_config("porch"), second)
        assert feed.state is State.RUNNING
        second.give(frame())
        assert watch.get(5).sequence == 1


def found(label: str) -> Detection:
    return Detection(label, 0.9, box=BoundingBox(0.25, 0.25, 0.75, 0.75))


def test_a_feed_holds_its_newest_picture_after_it_has_stopped(stage: Stage) -> None:
    producer = Still()
    feed = stage.feed("porch", producer)
    assert feed.held() is None
    with feed.watch():
        producer.give(frame(7).with_annotations([found("mug")]))
        assert feed.held(annotations=False) is feed.latest
        painted = feed.held()
        assert painted is not None
        assert (painted.image != feed.held(annotations=False).image).any()  # type: ignore[union-attr]
    stage.clock.advance(feed.config.linger_s)
    assert feed.latest is None
    held, clean = feed.held(), feed.held(annotations=False)
    assert held is not None
    assert clean is not None
    assert (held.sequence, held.captured_at, held.annotations) == (painted.sequence, painted.captured_at, ())
    assert abs(held.image.astype(int) - painted.image).mean() < 3
    assert abs(held.image.astype(int) - clean.image).max() > 100
    with feed.watch():
        assert feed.held() is not None, "until the first picture of the next run"
        producer.give(frame(9))
        assert feed.held() is feed.latest
    feed.produce(camera_config("porch"), Still())
    assert feed.held() is None, "another camera"


def test_a_picture_that_cannot_be_kept_does_not_keep_a_feed_from_stopping(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "imencode", lambda *args: (False, None))
    producer = Still()
    feed = stage.feed("porch", producer)
    with feed.watch():
        producer.give(frame())
    stage.clock.advance(feed.config.linger_s)
    assert producer.stopped.wait(5)
    assert (feed.state, feed.held()) == (State.IDLE, None)


def test_the_last_picture_stays_until_the_new_producer_gives_one_but_not_for_long(stage: Stage) -> None:
    first = Still()
    feed = stage.feed("porch", first)
    with feed.watch():
        first.give(at(0, 10.0))
        last = feed.latest
        feed.produce(camera_config("porch"), Still())
        assert (feed.latest, first.stopped.wait(5)) == (last, True), "it stops first"
        stage.clock.advance(SUCCESSION_S - 0.1)
        with feed.watch() as other:
            assert other.get(0) is last
        stage.clock.advance(0.1)
        assert feed.latest is None
        third = Still()
        feed.produce(camera_config("porch"), third)
        third.give(at(1, 20.0))
        assert feed.latest is not None
        stage.clock.advance(SUCCESSION_S)
        assert feed.latest is not None, "its own picture stays"


class Prompt(Still):
    """A producer that gives its first frame before its start has returned."""

    def start(self, output: Output, executor: Executor, previous: Run | None = None) -> Run:
        output.publish(at(self.starts, 10.0 + self.starts))
        return super().start(output, executor, previous)


def test_a_first_frame_that_comes_at_once_stays(stage: Stage) -> None:
    feed = stage.feed("porch", Prompt())
    with feed.watch() as watch:
        first = watch.get(5)
        assert feed.latest is first
        feed.produce(camera_config("porch"), Prompt())
        second = watch.get(5)
        stage.clock.advance(SUCCESSION_S)
        assert (feed.latest, second.sequence) == (second, first.sequence + 1)


def replaced(stage: Stage) -> tuple[Feed, Beside, Beside, Feed, Feed]:
    """Return a feed with the producer that shows its frames, its successor, and the source of each."""
    one, two = stage.feed("one", Still()), stage.feed("two", Still())
    first, second = Beside(), Beside()
    return stage.feed("porch", first, one), first, second, one, two


def test_a_producer_goes_on_until_its_successor_gives_a_frame(stage: Stage) -> None:
    feed, first, second, one, two = replaced(stage)
    with feed.watch() as watch:
        first.give(at(300, 10.0, 7))
        watch.get(5)
        version = feed.version
        feed.produce(camera_config("porch"), second, two)
        assert (feed.producer, feed.source, feed.version) == (second, two, version)
        assert (one.watched, two.watched) == (True, True)
        assert first.give(at(301, 10.1, 8))
        assert watch.get(5).pts == 301
        assert (second.starts, first.stopped.is_set()) == (1, False)
        assert second.give(at(302, 10.2, 9))
        assert not first.give(at(303, 10.3, 10))
        after = watch.get(5)
        assert (after.pts, after.sequence) == (302, 9)
        assert first.stopped.wait(5)
        assert (feed.version != version, feed.source) == (True, two)
        assert (one.watched, two.watched) == (False, True)
        second.give(at(304, 10.4, 11))
        assert (watch.get(5).pts, feed.latest) == (304, feed.latest)
        now = feed.version
        stage.clock.advance(SUCCESSION_S)
        assert feed.version == now, "once"
    stage.clock.advance(3600)
    assert {each.state for each in stage.feeds} == {State.IDLE}


@pytest.mark.parametrize("another", [True, False])
def test_a_frame_that_was_shown_before_is_shown_again_only_where_no_next_one_comes(stage: Stage, another: bool) -> None:
    feed, first, second, _, two = replaced(stage)
    with feed.watch() as watch:
        first.give(at(300, 10.0, 7))
        last = watch.get(5)
        feed.produce(camera_config("porch"), second, two)
        for pts, number in ((299, 6), (300, 7)):
            assert second.give(at(pts, 10.0, number)), "it goes on"
        assert first.stopped.wait(5)
        assert feed.latest is last
        if another:
            second.give(at(301, 10.1, 8))
            assert watch.get(5).time_s == 301 / 30
        stage.clock.advance(AGAIN_S)
        if another:
            assert feed.counters["frames_out"] == 2
        else:
            again = watch.get(5)
            assert again.sequence == 8 and 10 < again.time_s < 10.001
        second.give(at(302, 10.2, 9))
        assert watch.get(5).time_s == 302 / 30


@pytest.mark.parametrize("fails", [True, False])
def test_a_successor_that_gives_no_frame_takes_over_to_show_its_error(stage: Stage, fails: bool) -> None:
    feed, first, second, _, two = replaced(stage)
    second.state, second.error = State.OFFLINE, "no such model"  # type: ignore[assignment]
    with feed.watch() as watch:
        first.give(at(0, 10.0))
        watch.get(5)
        feed.produce(camera_config("porch"), second, two)
        stage.clock.advance(SUCCESSION_S - 0.1)
        assert (feed.state, feed.error) == (State.RUNNING, None)
        if fails:
            assert second.output is not None
            second.output.failed()
        else:
            stage.clock.advance(0.1)
        assert (feed.state, feed.error, feed.latest) == (State.OFFLINE, "no such model", None)
        assert first.stopped.wait(5)


def test_a_successor_that_is_replaced_itself_is_given_up(stage: Stage) -> None:
    feed, first, second, _, two = replaced(stage)
    third = Beside()
    with feed.watch() as watch:
        first.give(at(0, 10.0))
        watch.get(5)
        feed.produce(camera_config("porch"), second, two)
        feed.produce(camera_config("porch"), third, stage.feeds[0])
        assert second.stopped.wait(5)
        assert (second.give(at(1, 10.1)), first.give(at(1, 10.1, 1)), two.watched) == (False, True, False)
        assert third.give(at(2, 10.2, 2))
        assert (watch.get(5).pts, feed.producer) == (2, third)


def test_the_producer_that_still_shows_its_frames_can_be_restored(stage: Stage) -> None:
    feed, first, second, one, two = replaced(stage)
    with feed.watch():
        first.give(at(0, 10.0))
        feed.produce(camera_config("porch"), second, two)
        feed.produce(camera_config("porch"), first, one)
        assert second.stopped.wait(5)
        assert (feed.producer, feed.source, first.starts) == (first, one, 1)
        assert (first.give(at(1, 10.1, 1)), one.watched, two.watched) == (True, True, False)
        stage.clock.advance(SUCCESSION_S)
        assert feed.producer is first


def test_watches_that_come_and_go_count_on_both_sources(stage: Stage) -> None:
    feed, first, second, one, two = replaced(stage)
    watch = feed.watch()
    first.give(at(0, 10.0))
    feed.produce(camera_config("porch"), second, two)
    other = feed.watch()
    watch.close()
    assert (one.watched, two.watched) == (True, True)
    other.close()
    assert (one.watched, two.watched) == (False, False)
    stage.clock.advance(feed.config.linger_s)
    assert first.stopped.wait(5) and second.stopped.wait(5)
    assert (feed.state, feed.producer, feed.held()) == (State.IDLE, second, None)
    with feed.watch():
        assert (first.starts, second.starts, one.watched, two.watched) == (1, 2, False, True)


def test_an_end_stops_both_producers_and_waits_for_them(stage: Stage) -> None:
    feed, first, second, one, two = replaced(stage)
    with feed.watch() as watch:
        first.give(at(0, 10.0))
        watch.get(5)
        feed.produce(camera_config("porch"), second, two)
        assert feed.close(5)
        assert first.stopped.is_set() and second.stopped.is_set()
        assert (second.give(at(1, 10.1)), two.watched, one.watched) == (False, False, True)
    assert not one.watched


def test_a_producer_that_gives_no_frames_is_replaced_at_once(stage: Stage) -> None:
    feed, first, second, one, two = replaced(stage)
    with feed.watch():
        feed.produce(camera_config("porch"), second, two)
        assert (feed.version[0], one.watched, two.watched) == (2, False, True)
        assert first.stopped.wait(5)


def test_settings_of_the_stream_change_with_the_first_frame_of_a_successor(stage: Stage) -> None:
    feed, first, second, _, two = replaced(stage)
    before, after = feed.config, replace(feed.config, stream=StreamConfig(bitrate=300_000), style=Style(mask_opacity=0))
    with feed.watch():
        first.give(at(0, 10.0))
        feed.produce(after, second, two)
        assert feed.config == replace(after, stream=before.stream)
        second.give(at(1, 10.1, 1))
        assert feed.config == after


def test_a_successor_whose_thread_cannot_start_changes_nothing(stage: Stage) -> None:
    feed, first, second, _, two = replaced(stage)
    second.refuses = RuntimeError("can't start new thread")
    with feed.watch():
        first.give(at(0, 10.0))
        with pytest.raises(RuntimeError, match="can't start"):
            feed.produce(camera_config("porch"), second, two)
        assert (feed.producer, two.watched, first.give(at(1, 10.1, 1))) == (first, False, True)
