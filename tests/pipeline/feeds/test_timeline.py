"""The time of a running camera never decreases."""

from fractions import Fraction
from typing import Any

from pipeline.feeds.timeline import REPEAT_TICK_S, Splice, Timeline
from tests.fakes import frame

TENTH = Fraction(1, 10)


def placed(timeline: Timeline, pts: int, at_s: float, time_base: Fraction = TENTH) -> tuple[int, int]:
    """Return pts and number of a frame once placed."""
    result = timeline.place(frame(pts, time_base=time_base), at_s)
    assert result.time_base == TENTH
    return result.pts, result.sequence


def test_ticks_are_kept_relative_to_the_first() -> None:
    timeline = Timeline()
    assert [placed(timeline, pts, at_s) for pts, at_s in ((40, 5.0), (41, 5.1), (44, 5.4))] == [(0, 0), (1, 1), (4, 2)]


def test_after_a_reopening_the_next_frame_follows_by_the_clock() -> None:
    timeline = Timeline()
    placed(timeline, 0, 5.0)
    placed(timeline, 1, 5.1)
    timeline.restart()
    assert placed(timeline, 0, 8.1) == (31, 2), "three seconds after the last"
    assert placed(timeline, 1, 8.2) == (32, 3)


def test_time_increases_after_an_immediate_reopening() -> None:
    timeline = Timeline()
    placed(timeline, 0, 5.0)
    timeline.restart()
    assert placed(timeline, 0, 5.0) == (1, 1)


def test_time_increases_when_the_source_goes_back_or_stops() -> None:
    timeline = Timeline()
    placed(timeline, 100, 5.0)
    assert placed(timeline, 3, 5.2)[0] == 2
    assert placed(timeline, 3, 5.3)[0] == 3


def test_a_jump_of_the_source_becomes_the_distance_on_the_clock() -> None:
    timeline = Timeline()
    placed(timeline, 0, 5.0)
    assert placed(timeline, 864_000, 5.1)[0] == 1
    assert placed(timeline, 864_001, 5.2)[0] == 2


def test_a_slow_camera_does_not_count_as_a_jump() -> None:
    timeline = Timeline()
    placed(timeline, 0, 5.0)
    assert placed(timeline, 600, 65.0)[0] == 600


def test_a_reopened_source_with_another_time_base_is_converted() -> None:
    timeline = Timeline()
    placed(timeline, 0, 5.0)
    timeline.restart()
    assert placed(timeline, 0, 6.0, Fraction(1, 1000))[0] == 10
    assert placed(timeline, 100, 6.1, Fraction(1, 1000))[0] == 11


def spliced(splice: Splice, pts: int, sequence: int, at_s: float, origin: str = "one") -> tuple[Any, int]:
    """Return the time in tenths of a second, and the number, of a frame of an origin in the stream."""
    result = splice.place(frame(pts, time_base=TENTH).retimed(pts, TENTH, sequence).marked("captured", at_s), origin)
    return result.pts * result.time_base / TENTH, result.sequence


def test_another_origin_follows_by_the_clock() -> None:
    splice = Splice()
    assert [spliced(splice, pts, pts + 3, 5.0 + pts / 10) for pts in (40, 41)] == [(40, 43), (41, 44)]
    assert spliced(splice, 7, 0, 9.4, "two") == (44, 45)
    assert spliced(splice, 8, 1, 9.5, "two") == (45, 46)


def test_a_frame_that_is_repeated_follows_the_last_one_and_shifts_none_after_it() -> None:
    splice, tick = Splice(), REPEAT_TICK_S / TENTH
    spliced(splice, 40, 3, 5.0)
    spliced(splice, 41, 4, 5.1)
    assert spliced(splice, 41, 4, 5.1) == (41 + tick, 5)
    assert spliced(splice, 39, 2, 4.9) == (41 + 2 * tick, 6), "of a line that is slower than the one that it replaces"
    assert spliced(splice, 42, 5, 5.2) == (42, 7)
    assert spliced(splice, 45, 8, 5.5) == (45, 8)


def test_a_finer_time_base_applies_from_its_first_frame_on() -> None:
    splice, finer = Splice(), Fraction(1, 1000)
    spliced(splice, 10, 0, 5.0, "two")
    spliced(splice, 20, 1, 6.0)
    assert spliced(splice, 21, 2, 6.1) == (21, 2)
    times = [
        splice.place(frame(pts, time_base=finer).retimed(pts, finer, number), "one").time_s
        for pts, number in ((2204, 3), (2208, 4))
    ]
    assert times == [2.204, 2.208]
