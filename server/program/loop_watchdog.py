"""A watchdog of the event loop: how long it has stood still, and where."""

from __future__ import annotations

import logging
import math
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..process import SignalThread
from .thread_schedule import ThreadSchedule

logger = logging.getLogger(__name__)

STANDSTILL_S = 0.1
"""From this time on it is a standstill: packets of live streams are late."""

LOG_INTERVAL_S = 10.0
"""Least interval between two stacks in the log."""

BASE_S = 0.005
"""How long the thread may have waited for a processor at most since the system was last asked, so that not every pass
asks it: 4 us, and 50 us after a sleep, when the answer is in no cache."""

LOOK_AGAIN_S = 0.005
"""After this time, a thread that is ready to run is looked at again, to see whether it runs."""

_CALLS = 12  # of a stack in the log; the frameworks above them make 70 lines


class LoopWatchdog:
    """Measures how long the event loop works without looking at its sockets, in which time it serves nobody.

    It measures every pass of the loop, by its call of ``select``. During a pass that takes longer than ``limit_s`` an
    alarm of the system logs the stack of the loop's thread, also while a library blocks it; this needs a
    :class:`SignalThread`.

    Time in which the loop's thread is ready to run, but the machine has no processor for it, does not count. Waiting
    for the interpreter's lock counts.

    Args:
        limit_s: From this time on it is a standstill.
        clock: The time in seconds.
        schedule: Reads for how long the current thread waits for a processor.

    Attributes:
        longest_s: The longest pass so far, in seconds.
        standstills: Number of passes that took longer than the limit.
        standstill_s: Their duration in all, in seconds.
    """

    def __init__(
        self,
        limit_s: float = STANDSTILL_S,
        clock: Callable[[], float] = time.monotonic,
        schedule: Callable[[], ThreadSchedule] = ThreadSchedule,
    ) -> None:
        self.longest_s = 0.0
        self.standstills = 0
        self.standstill_s = 0.0
        self._limit_s = limit_s
        self._clock = clock
        self._make_schedule = schedule
        self._schedule: ThreadSchedule | None = None
        self._lock = threading.Lock()
        self._pass: tuple[float, float] | None = None  # when it began, and the wait for a processor until then
        self._waited_s = 0.0  # the wait for a processor until the system was last asked
        self._unasked_s = math.inf  # the most that the thread can have waited since then
        self._looked: tuple[float, object] = (-math.inf, None)
        self._logged_at_s: float | None = None
        self._alarms: SignalThread | None = None
        self._selector: Any = None

    def start(self) -> None:
        """Start to measure the running event loop; call it on its thread.

        Raises:
            UnsuitableLibrary: This version of asyncio cannot be measured.
        """
        import asyncio  # late, as the next: the program handles signals before it imports much

        from cameras import require_internals

        loop: Any = asyncio.get_running_loop()
        if not hasattr(getattr(loop, "_selector", None), "select"):
            require_internals("camweave", [], missing=["asyncio's selector"])
        self._selector = loop._selector
        self._select = self._selector.select
        self._thread = threading.get_ident()
        self._schedule = self._make_schedule()
        self._selector.select = self._observed
        self._begin(self._clock())
        thread = SignalThread.started
        if thread is not None and threading.current_thread() is threading.main_thread():
            self._alarms = thread
            thread.on_alarm(self._alarm)
            signal.setitimer(signal.ITIMER_REAL, self._limit_s)

    def stop(self) -> None:
        """Stop to measure; call it on the thread of the loop. A second call does nothing."""
        if self._selector is None:
            return
        del self._selector.select  # the method of its class appears again
        self._selector = None
        with self._lock:  # an alarm may be looking at it
            self._pass = None
            schedule, self._schedule = self._schedule, None
        if schedule is not None:
            schedule.close()
        if self._alarms is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._alarms.on_alarm(None)
            self._alarms = None

    def _observed(self, timeout: float | None = None) -> Any:
        now_s = self._clock()
        if self._pass is not None:
            self._count(now_s, *self._pass)
            self._unasked_s += now_s - self._pass[0]
        self._pass = None if timeout != 0 else (now_s, self._waited_s)  # a look at the sockets needs no new alarm
        sleeps = self._alarms is not None and timeout != 0
        if sleeps:
            signal.setitimer(signal.ITIMER_REAL, 0)
        events = self._select(timeout)
        # A sleep until its time is no wait for a processor.
        self._begin(now_s + (0.0 if events or timeout is None else max(timeout, 0.0)))
        if sleeps:
            signal.setitimer(signal.ITIMER_REAL, self._limit_s)
        return events

    def _begin(self, slept_until_s: float) -> None:
        """Begin a pass."""
        now_s = self._clock()
        self._unasked_s += max(now_s - slept_until_s, 0.0)
        if self._unasked_s >= BASE_S and self._schedule is not None:
            self._waited_s, self._unasked_s = self._schedule.waited_s(), 0.0
        self._pass = now_s, self._waited_s

    def _count(self, now_s: float, since_s: float, waited_s: float) -> None:
        pass_s = now_s - since_s
        if pass_s <= self.longest_s and pass_s < self._limit_s:
            return
        if self._schedule is not None:
            pass_s -= self._schedule.waited_s() - waited_s
        if pass_s > self.longest_s:
            self.longest_s = pass_s
        if pass_s >= self._limit_s:
            self.standstills += 1
            self.standstill_s += pass_s
            logger.debug("the event loop stood still for %.3f s", pass_s)

    def _alarm(self) -> None:
        """Log the stack of a standstill, or wait for the rest of the limit. On the thread of the signals."""
        now_s = self._clock()
        with self._lock:
            left_s = self._left_s(now_s)
        if left_s is None:
            return
        if left_s > 0:
            signal.setitimer(signal.ITIMER_REAL, left_s)
            return
        if self._logged_at_s is not None and now_s - self._logged_at_s < LOG_INTERVAL_S:
            return
        frame = sys._current_frames().get(self._thread)
        if frame is not None and logger.isEnabledFor(logging.WARNING):
            self._logged_at_s = now_s
            message = f"the event loop stands still for more than {self._limit_s:g} s"
            logger.handle(
                logger.makeRecord(logger.name, logging.WARNING, __file__, 0, message, (), None, sinfo=_calls(frame))
            )

    def _left_s(self, now_s: float) -> float | None:
        """Return after which time to look at the pass again; 0 if it is a standstill, ``None`` without a pass."""
        measured, schedule = self._pass, self._schedule
        if measured is None or schedule is None:
            return None
        since_s, waited_before_s = measured
        ready, runs, waited_s = schedule.read()
        from_s = since_s + (waited_s - waited_before_s) + self._limit_s
        if now_s < from_s:  # short passes without a pause between them: the alarm is older than this one
            return from_s - now_s
        if not ready:
            return 0.0
        # It runs, or it still waits for a processor, which the system counts only afterwards. So what is known is how
        # long it had waited at the last look, if it has run since then.
        looked_s, runs_before = self._looked
        if runs == runs_before:
            return LOOK_AGAIN_S
        self._looked = now_s, runs
        return 0.0 if looked_s >= from_s else LOOK_AGAIN_S


def _calls(frame: FrameType) -> str:
    """Return the innermost calls of a stack, without those of the import system, which hide what is imported."""
    calls = [call for call in traceback.extract_stack(frame) if not call.filename.startswith("<frozen importlib")]
    return "".join(traceback.format_list(calls[-_CALLS:])).rstrip()
