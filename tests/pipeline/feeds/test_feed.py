"""A feed is permanent while its producer is replaced: demand follows, time and sequence continue."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import count

import cv2
import pytest

from cameras import Attributes, BoundingBox, CameraEnded, Detection
from pipeline import Executor, Feed, Output, Run, State, WorkerExecutor
from pipeline.feeds.succession import SUCCESSION_S
from pipeline.producers.source import Source
from tests.fakes import FakeCamera, frame
from tests.pipeline.builders import camera_config
from tests.pipeline.feeds.stage import Stage, Still, at
from transforms import TRANSFORMS, Style, Transform


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
