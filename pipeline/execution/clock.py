"""The clock of the running graph: one object, so that tests can control time."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from cameras import BackgroundThread

logger = logging.getLogger(__name__)


class Timer(Protocol):
    """An action scheduled for later."""

    def cancel(self) -> None:
        """Cancel the action. Does nothing when it has run or is running."""


class Clock(Protocol):
    """The time functions that the graph uses."""

    def monotonic(self) -> float:
        """Return the seconds of a clock that never jumps."""

    def pause(self, stop: threading.Event, seconds: float) -> bool:
        """Wait until ``stop`` is set or the time has passed; return whether it was set."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Run an action after a delay, on the clock's own thread; it must not block."""

    def close(self) -> None:
        """Drop all scheduled actions and end the clock's thread."""


class SystemClock:
    """The real time. Its one thread, ``timers``, exists only while actions are scheduled."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._heap: list[tuple[float, int, _SystemTimer]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None

    def monotonic(self) -> float:
        """Return the seconds of a clock that never jumps."""
        return time.monotonic()

    def pause(self, stop: threading.Event, seconds: float) -> bool:
        """Wait until ``stop`` is set or the time has passed; return whether it was set."""
        return stop.wait(seconds)

    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Run an action after a delay, on the ``timers`` thread."""
        timer = _SystemTimer(self, action)
        with self._condition:
            heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._order), timer))
            if self._thread is None:
                thread = BackgroundThread(self._run, "timers")
                try:
                    thread.start()
                except RuntimeError:  # the system gives no more threads; the next timer tries again and then runs both
                    logger.warning("no thread can be started for timers")
                else:
                    self._thread = thread
            self._condition.notify()
        return timer

    def close(self) -> None:
        """Drop all scheduled actions and end the clock's thread."""
        with self._condition:
            self._heap.clear()
            self._condition.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(2)

    def _forget(self, timer: _SystemTimer) -> None:
        with self._condition:
            self._heap = [entry for entry in self._heap if entry[2] is not timer]
            heapq.heapify(self._heap)
            self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                if not self._heap:
                    self._thread = None
                    return
                due = self._heap[0][0] - time.monotonic()
                if due > 0:
                    self._condition.wait(due)
                    continue
                timer = heapq.heappop(self._heap)[2]
            try:
                timer.action()
            except Exception:  # the other actions must still run
                logger.exception("a scheduled action failed")


class _SystemTimer:
    def __init__(self, clock: SystemClock, action: Callable[[], None]) -> None:
        self.action = action
        self._clock = clock

    def cancel(self) -> None:
        self._clock._forget(self)
