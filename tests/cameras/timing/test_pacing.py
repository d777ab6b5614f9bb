from fractions import Fraction
from threading import Event

import pytest

from cameras.timing.pacing import Pacer, PictureDeadline, Rebase, ticks


class HandClock(Event):
    """A clock that moves only when somebody waits on it as an event, or by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(round(timeout, 6))
        self.now_s += timeout
        return False


def test_frames_are_paced_by_their_timestamps() -> None:
    clock = HandClock()
    pacer = Pacer(clock, clock)
    for time_s in (0.0, 0.04, 0.08):
        pacer.wait(time_s)
    assert clock.waits == [0.04, 0.04]


def test_a_short_delay_is_caught_up() -> None:
    clock = HandClock()
    pacer = Pacer(clock, clock)
    pacer.wait(0.0)
    clock.now_s += 0.07
    pacer.wait(0.04)
    pacer.wait(0.08)
    assert clock.waits == [0.01]


def test_a_long_stall_is_not_followed_by_a_burst() -> None:
    clock = HandClock()
    pacer = Pacer(clock, clock)
    pacer.wait(0.0)
    clock.now_s += 10
    pacer.wait(0.04)
    pacer.wait(0.08)
    pacer.wait(0.12)
    assert clock.waits == [0.04, 0.04]


def test_times_start_at_zero_and_keep_their_distances() -> None:
    rebase = Rebase()
    assert [rebase.place(pts, 10) for pts in (500, 510, 535)] == [0, 10, 35]


def test_a_new_pass_starts_one_interval_later() -> None:
    rebase = Rebase()
    for pts in (500, 510):
        rebase.place(pts, 10)
    rebase.restart()
    assert [rebase.place(pts, 10) for pts in (500, 510)] == [20, 30]


def test_a_time_that_goes_back_continues_after_one_interval() -> None:
    rebase = Rebase()
    assert [rebase.place(pts, 10) for pts in (500, 510, 400, 410, 420)] == [0, 10, 20, 30, 40]


@pytest.mark.parametrize("slip", [510, 509, 501])
def test_a_single_wrong_time_does_not_shift_later_ones(slip: int) -> None:
    rebase = Rebase()
    assert [rebase.place(pts, 10) for pts in (500, 510, slip, 520, 530)] == [0, 10, 11, 20, 30]


def test_ticks_are_whole_and_at_least_one() -> None:
    assert ticks(Fraction(1, 30), Fraction(1, 90_000)) == 3000
    assert ticks(None, Fraction(1, 90_000)) == ticks(Fraction(1, 1000), Fraction(1, 25)) == 1


def missed(deadline: PictureDeadline, pictures: list[int], began_s: float = 0.0, step_s: float = 0.04) -> float | None:
    """Return when the deadline is missed by packets that come every ``step_s`` and give so many pictures each."""
    for number, count in enumerate(pictures):
        if deadline.is_missed(count, began_s + number * step_s):
            return began_s + number * step_s
    return None


def test_packets_that_give_pictures_are_no_miss() -> None:
    assert missed(PictureDeadline(), [1] * 1000) is None
    assert missed(PictureDeadline(), [0, 1] * 1000) is None, "two fields are one picture"
    assert missed(PictureDeadline(), [0, 0, 1, 1] * 500) is None


def test_packets_that_hardly_ever_give_pictures_are_a_miss() -> None:
    deadline = PictureDeadline()
    assert missed(deadline, [1] * 40) is None
    at_s = missed(deadline, ([0] * 9 + [1]) * 20, began_s=1.6)
    assert at_s is not None and at_s - 1.6 < 3


def test_the_first_picture_may_take_long() -> None:
    at_s = missed(PictureDeadline(), [0] * 2000)
    assert at_s is not None and 30 < at_s < 30.1
    assert missed(PictureDeadline(), [0] * 700 + [1] * 100) is None


def test_a_slow_camera_may_take_several_packets_for_a_picture() -> None:
    assert missed(PictureDeadline(), [1] + [0] * 3 + [1] * 50, step_s=5.0) is None
