from __future__ import annotations

from streams.encoding.keyframes import PAUSE_S, KeyFrameRequests
from tests.fakes import FakeClock


def requests() -> tuple[KeyFrameRequests, FakeClock]:
    clock = FakeClock()
    return KeyFrameRequests(clock.monotonic), clock


def test_nothing_is_due_without_a_request() -> None:
    pending, _ = requests()
    assert pending.wait_s() is None


def test_the_first_request_is_due_at_once() -> None:
    pending, _ = requests()
    assert pending.request()
    assert pending.wait_s() == 0.0


def test_many_requests_are_combined() -> None:
    pending, _ = requests()
    assert [pending.request() for _ in range(3)] == [True, False, False]
    pending.served()
    assert pending.wait_s() is None


def test_a_request_during_the_pause_is_due_at_its_end() -> None:
    pending, clock = requests()
    pending.request()
    pending.served()
    clock.advance(PAUSE_S / 4)
    pending.request()
    assert pending.wait_s() == PAUSE_S * 3 / 4
    clock.advance(PAUSE_S * 3 / 4)
    assert pending.wait_s() == 0.0


def test_the_delay_counts_from_the_request() -> None:
    pending, clock = requests()
    pending.request()
    assert pending.wait_s(0.25) == 0.25
    clock.advance(0.5)
    assert pending.wait_s(0.25) == 0.0
