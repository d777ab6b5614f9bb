from __future__ import annotations

from typing import Any

import pytest

from cameras import Deadline, DeadlineExceeded


class Machine:
    """A clock, and a child that gets a share of the processor."""

    def __init__(self, share: float | None) -> None:
        self.share = share
        self.now_s = 100.0
        self.waits: list[float] = []

    @property
    def cpu_s(self) -> float | None:
        return None if self.share is None else 7.0 + (self.now_s - 100.0) * self.share

    def wait(self, limit_s: float = 10.0) -> DeadlineExceeded:
        child: Any = self
        deadline = Deadline(child, limit_s, lambda: self.now_s)
        with pytest.raises(DeadlineExceeded) as exceeded:
            while True:
                self.waits.append(deadline.wait_s())
                self.now_s += self.waits[-1]
        return exceeded.value


def test_a_child_may_use_its_cpu_time() -> None:
    machine = Machine(1.0)
    exceeded = machine.wait()
    assert (exceeded.busy, exceeded.cpu_s, exceeded.waited_s) == (False, 10.0, 10.0)
    assert machine.waits == [10.0]


def test_a_child_that_gets_half_of_the_processor_has_twice_as_long() -> None:
    machine = Machine(0.5)
    exceeded = machine.wait()
    assert not exceeded.busy
    assert 20.0 <= exceeded.waited_s < 20.1
    assert machine.waits[:3] == [10.0, 5.0, 2.5]
    assert len(machine.waits) < 15


def test_a_child_that_gets_little_of_the_processor_is_not_to_blame() -> None:
    for share in (0.0, 0.19):
        exceeded = Machine(share).wait()
        assert exceeded.busy
        assert exceeded.waited_s == pytest.approx(50.0)


def test_several_threads_use_up_the_time_of_all() -> None:
    exceeded = Machine(4.0).wait()
    assert (exceeded.busy, exceeded.cpu_s, exceeded.waited_s) == (False, 40.0, 10.0)


def test_time_that_passes_counts_where_the_system_shows_no_cpu_time() -> None:
    exceeded = Machine(None).wait()
    assert (exceeded.busy, exceeded.cpu_s, exceeded.waited_s) == (False, None, 10.0)
