"""Which frames of a file are used."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from fractions import Fraction

import pytest

from cameras import Frame
from streams import Selection
from tests.streams.fakes import picture

STILL = picture(0)


def frames(times: Iterable[int], time_base: Fraction) -> list[Frame]:
    return [STILL.retimed(pts, time_base, number) for number, pts in enumerate(times)]


def used(selection: Selection, times: Iterable[int], time_base: Fraction = Fraction(1, 1000)) -> list[tuple[int, int]]:
    """Return number and new time of each frame that is used."""
    return [(frame.sequence, frame.pts) for frame in selection.of(iter(frames(times, time_base)))]


def test_by_default_all_frames_are_used_as_they_are() -> None:
    given = frames((0, 40, 80), Fraction(1, 1000))
    assert list(Selection().of(iter(given))) == given


def test_from_the_start_to_before_the_end_counted_from_the_first_frame_used() -> None:
    assert used(Selection(0.05, 0.2), range(0, 400, 40)) == [(2, 0), (3, 40), (4, 80)]
    assert used(Selection(0.08, 0.16), range(0, 400, 40)) == [(2, 0), (3, 40)]
    assert used(Selection(1.0), range(0, 400, 40)) == []


@pytest.mark.parametrize("rate", [Fraction(30), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(7)])
def test_times_as_annotate_prints_them_name_their_frames(rate: Fraction) -> None:
    for number in range(1, 50):
        printed = round(float(number / rate), 6)
        assert used(Selection(printed), range(60), 1 / rate)[0] == (number, 0)
        assert used(Selection(0, printed), range(60), 1 / rate)[-1] == (number - 1, number - 1)


def test_no_frame_after_the_end_is_read() -> None:
    selection = Selection(end_s=0.1)
    read = iter(frames(range(0, 400, 40), Fraction(1, 1000)))
    assert len(list(selection.of(read))) == 3
    assert next(read).pts == 160


@pytest.mark.parametrize(
    ("rate", "numbers"),
    [
        (10, [0, 3, 6, 9, 12, 15]),
        (15, [0, 2, 4, 6, 8, 10, 12, 14, 16]),
        (30, list(range(18))),
        (60, list(range(18))),
        (25, [0, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 14, 15, 16, 17]),
    ],
)
def test_the_first_frame_of_each_interval_is_used(rate: float, numbers: list[int]) -> None:
    exact = used(Selection(frame_rate_max=rate), range(18), Fraction(1, 30))
    in_milliseconds = used(Selection(frame_rate_max=rate), [round(number * 1000 / 30) for number in range(18)])
    assert [number for number, _ in exact] == numbers
    assert [number for number, _ in in_milliseconds] == numbers
    assert exact == [(number, number) for number in numbers]


@pytest.mark.parametrize("seed", range(20))
def test_of_a_variable_rate_there_are_never_more_than_asked_for_and_none_is_missing(seed: int) -> None:
    """Each interval with a frame gives one, and only one."""
    chance = random.Random(seed)
    times = [0]
    for _ in range(300):
        times.append(times[-1] + chance.choice((1, 7, 16, 33, 40, 250, 2000)))
    rate = chance.choice((0.5, 5, 12.5, 24, 60))
    kept = [times[number] for number, _ in used(Selection(frame_rate_max=rate), times)]
    intervals = [math.floor(Fraction(time + 1, 1000) * Fraction(rate)) for time in kept]
    assert len(set(intervals)) == len(intervals)
    assert set(intervals) == {math.floor(Fraction(time + 1, 1000) * Fraction(rate)) for time in times}
    for window_s in (1, 3):
        for time in kept:
            assert sum(time <= other < time + window_s * 1000 for other in kept) <= math.ceil(window_s * rate) + 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((-1.0,), "the start must be 0 seconds or more, got -1"),
        ((math.nan,), "the start must be 0 seconds or more, got nan"),
        ((math.inf,), "the start must be 0 seconds or more, got inf"),
        ((2.0, 2.0), "the end must be after the start, 2 s, got 2"),
        ((2.0, 1.0), "the end must be after the start, 2 s, got 1"),
        ((0.0, math.nan), "the end must be after the start, 0 s, got nan"),
        ((0.0, None, 0.0), "the frames per second must be more than 0, got 0"),
        ((0.0, None, math.nan), "the frames per second must be more than 0, got nan"),
    ],
)
def test_numbers_that_select_nothing_are_refused(values: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        Selection(*values)
    assert str(caught.value) == message


def test_about_how_many_frames_are_used() -> None:
    assert Selection().count(None, 30) is None
    assert Selection().count(300, None) == 300
    assert Selection(2.0).count(300, None) is None
    assert Selection(2.0).count(300, 30) == 240
    assert Selection(2.0, 4.0).count(300, 30) == 60
    assert Selection(2.0, 40.0, 10.0).count(300, 30) == 80
    assert Selection(20.0).count(300, 30) == 1


def test_the_rate_of_what_is_used() -> None:
    assert Selection(frame_rate_max=10).rate_of(30) == 10
    assert Selection(frame_rate_max=60).rate_of(30) == 30
    assert Selection(frame_rate_max=10).rate_of(None) == 10
    assert Selection().rate_of(None) is None
