"""The deadline of work in a child process, which tells work that takes too long from a machine that is too busy."""

from __future__ import annotations

import time
from collections.abc import Callable

from .child import Child

PATIENCE = 5.0
"""How many times the limit to wait for a child that does not get the processor."""
_LEAST_WAIT_S = 0.01


class DeadlineExceeded(TimeoutError):
    """A child has not done its work in time.

    Attributes:
        cpu_s: CPU time that it has used for the work; ``None`` where the system does not show it.
        waited_s: Time that has passed.
        busy: Whether it got so little CPU time that the work need not be to blame.
    """

    def __init__(self, cpu_s: float | None, waited_s: float, *, busy: bool) -> None:
        super().__init__(f"not done after {waited_s:.1f} s")
        self.cpu_s = cpu_s
        self.waited_s = waited_s
        self.busy = busy


class Deadline:
    """A limit of the CPU time that a child uses for some work, from now on.

    A child that hangs, is stopped or gets little of a busy machine ends after ``PATIENCE`` times the limit.

    Args:
        child: The child.
        limit_s: Most seconds of CPU time.
        clock: The time in seconds.
    """

    def __init__(self, child: Child, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._child = child
        self._limit_s = limit_s
        self._clock = clock
        self._began_s = clock()
        self._before_s = child.cpu_s

    def wait_s(self) -> float:
        """Return how long to wait for the child before the next call.

        Raises:
            DeadlineExceeded: The time is over.
        """
        waited_s, now_s = self._clock() - self._began_s, self._child.cpu_s
        used_s = None if now_s is None or self._before_s is None else now_s - self._before_s
        counted_s = waited_s if used_s is None else used_s
        if counted_s >= self._limit_s:
            raise DeadlineExceeded(used_s, waited_s, busy=False)
        patience_s = PATIENCE * self._limit_s - waited_s
        if patience_s <= 0:
            raise DeadlineExceeded(used_s, waited_s, busy=True)
        return min(max(self._limit_s - counted_s, _LEAST_WAIT_S), patience_s)
