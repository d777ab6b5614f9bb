"""A producer that opens beside the one that it replaces takes over with its first frame, and shows none twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline import Feed, State, StreamConfig
from pipeline.feeds.succession import AGAIN_S, SUCCESSION_S
from tests.pipeline.builders import camera_config
from tests.pipeline.feeds.stage import Beside, Stage, Still, at
from transforms import Style


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
