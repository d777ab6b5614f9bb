from __future__ import annotations

from streams.encoding.keyframes import PAUSE_S, KeyFrameRequests
from tests.fakes import FakeClock


def requests() -> tuple[KeyFrameRequests, FakeClock]:
    clock = FakeClock()
    return KeyFrameRequests(clock.monotonic), clock


def test_nothing_is_due_before_somebody_asks() -> None:
    asked, _ = requests()
    assert asked.wait_s() is None


def test_the_first_request_is_due_at_once() -> None:
    asked, _ = requests()
    assert asked.ask()
    assert asked.wait_s() == 0.0


def test_many_requests_are_one() -> None:
    asked, _ = requests()
    assert [asked.ask() for _ in range(3)] == [True, False, False]
    asked.served()
    assert asked.wait_s() is None


def test_a_request_in_the_pause_is_served_at_its_end() -> None:
    asked, clock = requests()
    asked.ask()
    asked.served()
    clock.advance(PAUSE_S / 4)
    asked.ask()
    assert asked.wait_s() == PAUSE_S * 3 / 4
    clock.advance(PAUSE_S * 3 / 4)
    assert asked.wait_s() == 0.0


def test_patience_counts_from_the_request() -> None:
    asked, clock = requests()
    asked.ask()
    assert asked.wait_s(0.25) == 0.25
    clock.advance(0.5)
    assert asked.wait_s(0.25) == 0.0
