"""Times of live frames: the source's own while they agree with the arrival, else the arrival."""

from collections.abc import Iterable
from fractions import Fraction

import pytest

from cameras.timing import LiveTimes, RateMeter

MS = Fraction(1, 1000)


def placed(frames: Iterable[tuple[int | None, int]], interval: int = 40) -> list[int]:
    """Return the times of frames, given as timestamp and arrival in milliseconds."""
    times = LiveTimes(MS)
    return [times.place(pts, interval, 1000 + arrival / 1000) for pts, arrival in frames]


def test_the_jitter_of_the_network_does_not_show() -> None:
    late = [0, 30, 5, 90, 0, 60, 10]
    frames = [(500 + number * 40, number * 40 + late[number % 7]) for number in range(200)]
    assert placed(frames) == [number * 40 for number in range(200)]


def test_a_step_ahead_of_the_clock_is_no_pause() -> None:
    frames = [(number * 40 + (3000 if number >= 50 else 0), number * 40) for number in range(100)]
    assert placed(frames) == [number * 40 for number in range(100)]


@pytest.mark.parametrize("step", [-3000, -1_000_000, 300_000])
def test_other_steps_of_the_clock_do_not_show_either(step: int) -> None:
    frames = [(100_000 + number * 40 + (step if number >= 50 else 0), number * 40) for number in range(100)]
    assert placed(frames) == [number * 40 for number in range(100)]


def test_a_pause_during_which_the_clock_stands_still_is_a_pause() -> None:
    frames = [(number * 40, number * 40 + (7000 if number >= 50 else 0)) for number in range(100)]
    assert placed(frames) == [arrival for _, arrival in frames]


def test_what_a_stall_held_up_is_not_ahead_of_its_arrival() -> None:
    frames = [(number * 40, max(number * 40, 3000 if number >= 50 else 0)) for number in range(150)]
    times = placed(frames)
    assert times == sorted(set(times))
    assert all(time - arrival <= 450 for time, (_, arrival) in zip(times, frames, strict=True))
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) <= 1050, "the stall is real"


@pytest.mark.parametrize("drift", [0.99, 1.01, 1.005])
def test_a_clock_that_drifts_is_followed_in_small_steps(drift: float) -> None:
    frames = [(round(number * 40 * drift), number * 40) for number in range(15_000)]  # ten minutes
    times = placed(frames)
    assert max(abs(time - arrival) for time, (_, arrival) in zip(times, frames, strict=True)) <= 401
    steps = [b - a for a, b in zip(times, times[1:], strict=False)]
    if drift == 1.005:
        assert max(steps) <= 45


def test_a_frame_without_a_timestamp_has_the_time_of_its_arrival() -> None:
    assert placed([(None, 0), (None, 35), (None, 35), (None, 90)]) == [0, 35, 36, 90]
    assert placed([(None, 0), (5000, 40), (5040, 80)]) == [0, 40, 80]


def test_a_timestamp_that_repeats_or_is_a_little_back_is_corrected_alone() -> None:
    assert placed([(0, 0), (40, 40), (40, 80), (80, 80), (120, 120)]) == [0, 40, 41, 80, 120]


def test_where_the_clock_stands_still_frames_have_the_time_of_their_arrival() -> None:
    frames = [(max(number - 50, 0) * 40, number * 40) for number in range(100)]
    assert placed(frames) == [0, 1, *(number * 40 for number in range(2, 100))]


def measured(times_s: Iterable[float]) -> float | None:
    meter = RateMeter()
    for time_s in times_s:
        meter.add(time_s)
    return meter.per_second


def test_a_rate_is_measured_over_about_a_second() -> None:
    assert measured([0.0, 0.04, 0.08]) is None
    assert measured(number / 25 for number in range(9)) == 25
    assert measured([0.0, 5.0]) == 0.2
    assert measured(number / 10 for number in range(100)) == 10


def test_a_gap_does_not_count_and_a_step_back_starts_over() -> None:
    assert measured([number / 25 + (3 if number > 20 else 0) for number in range(40)]) == 25
    assert measured([9.0, 9.5, *(number / 10 for number in range(20))]) == 10


def test_a_clock_that_stands_still_has_no_rate() -> None:
    assert measured([0.0, 0.04, *[0.08] * 30]) is None
