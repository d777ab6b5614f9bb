from __future__ import annotations

import pytest

from pipeline.execution.decoding import FALL, FORGET_S, GROWTH, PERIOD_S, SHARE_MIN, USED, DecodingShare
from tests.fakes import FakeClock


class Machine:
    """A share, and sources whose readers take a number of frames per period."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.saturated = True
        self.decoding = DecodingShare(self.clock.monotonic, lambda: self.saturated)

    def period(self, frames: int, read: int) -> float:
        """Let one period pass in which so many frames are decoded, of which so many are read."""
        for number in range(frames - 1):
            self.decoding.add(unread=number >= read)
        self.clock.advance(PERIOD_S)
        return self.decoding.add(unread=frames > read)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_all_is_decoded_while_there_is_time(machine: Machine) -> None:
    machine.saturated = False
    assert [machine.period(100, read) for read in (100, 50, 1)] == [1.0] * 3, "a slow transform alone is no reason"


def test_what_readers_have_no_time_for_is_decoded_no_more(machine: Machine) -> None:
    capacity, share = 50, 1.0
    for _ in range(20):
        frames = max(round(960 * share), 1)
        share = machine.period(frames, min(frames, capacity))
    assert 960 * share == pytest.approx(capacity / USED, abs=10)


def test_all_is_decoded_while_readers_take_a_good_part(machine: Machine) -> None:
    assert [machine.period(100, read) for read in (100, 80, 40)] == [1.0] * 3


def test_the_share_follows_what_readers_take_in_steps(machine: Machine) -> None:
    assert machine.period(100, 35) == pytest.approx(0.35 / USED)
    assert machine.period(100, 1) == pytest.approx(0.35 / USED * FALL)
    assert machine.period(100, 100) == pytest.approx(0.35 / USED * FALL * GROWTH)


def test_the_share_grows_when_the_machine_has_time(machine: Machine) -> None:
    machine.period(100, 5)
    share = machine.decoding.share
    machine.saturated = False
    assert machine.period(100, 5) == pytest.approx(share * GROWTH)
    for _ in range(20):
        machine.period(100, 100)
    assert machine.decoding.share == 1.0


def test_the_share_never_becomes_nothing(machine: Machine) -> None:
    for _ in range(50):
        machine.period(10, 0)
    assert machine.decoding.share == SHARE_MIN


def test_an_overload_of_long_ago_is_forgotten(machine: Machine) -> None:
    for _ in range(50):
        machine.period(10, 0)
    machine.clock.advance(FORGET_S)
    assert machine.decoding.add(unread=False) == 1.0


def test_it_changes_once_a_period(machine: Machine) -> None:
    assert [machine.decoding.add(unread=True) for _ in range(50)] == [1.0] * 50
