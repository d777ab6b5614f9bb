from dataclasses import dataclass
from fractions import Fraction

import pytest

from cameras.timing import FrameTimes, believable


@dataclass
class Picture:
    pts: int | None = None
    dts: int | None = None
    duration: int = 0
    time_base: Fraction | None = Fraction(1, 1000)


def times(*pictures: Picture, rate: Fraction | None = None) -> list[tuple[int, int]]:
    found = FrameTimes()
    return [found.of(picture, rate) for picture in pictures]


def test_a_frame_has_its_own_time() -> None:
    assert times(Picture(70, 10, 40), Picture(90, 50, 20)) == [(70, 40), (90, 20)]


def test_without_one_it_has_that_of_the_packet_that_completed_it() -> None:
    assert times(Picture(None, 40, 40), Picture(None, 80, 40), Picture(None, None, 40)) == [
        (40, 40),
        (80, 40),
        (120, 40),
    ]


def test_without_any_frames_follow_one_another() -> None:
    assert times(Picture(duration=100), Picture(duration=50), Picture()) == [(0, 100), (100, 50), (150, 40)]
    assert times(Picture(), Picture(), rate=Fraction(10)) == [(0, 100), (100, 100)]


@pytest.mark.parametrize("rate", [Fraction(25), 0.2, 240.0, Fraction(30000, 1001)])
def test_a_rate_can_be_believed(rate: Fraction | float) -> None:
    assert believable(rate)


@pytest.mark.parametrize("rate", [None, 0, Fraction(90_000), 1000.0])
def test_a_rate_that_is_the_resolution_of_a_clock_cannot(rate: Fraction | float | None) -> None:
    assert not believable(rate)
