"""A watchdog of the event loop: how long it has stood still, and where."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

from .signals import SignalThread

logger = logging.getLogger(__name__)

STANDSTILL_S = 0.1
"""From this time on it is a standstill: packets of live streams are late."""

LOG_INTERVAL_S = 10.0
"""Least interval between two stacks in the log."""

_CALLS = 12  # of a stack in the log; the frameworks above them make 70 lines


class LoopWatchdog:
    """Measures how long the event loop works without looking at its sockets, in which time it serves nobody.

    It measures every pass of the loop, by its call of ``select``. During a pass that takes longer than ``limit_s`` an
    alarm of the system logs the stack of the loop's thread, also while a library blocks it; this needs a
    :class:`SignalThread`.

    Args:
        limit_s: From this time on it is a standstill.
        clock: The time in seconds.

    Attributes:
        longest_s: The longest pass so far, in seconds.
        standstills: Number of passes that took longer than the limit.
        standstill_s: Their duration in all, in seconds.
    """

    def __init__(self, limit_s: float = STANDSTILL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self.longest_s = 0.0
        self.standstills = 0
        self.standstill_s = 0.0
        self._limit_s = limit_s
        self._clock = clock
        self._since_s: float | None = None
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
        self._selector.select = self._observed
        self._since_s = self._clock()
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
        self._since_s = None
        if self._alarms is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._alarms.on_alarm(None)
            self._alarms = None

    def _observed(self, timeout: float | None = None) -> Any:
        now_s = self._clock()
        if self._since_s is not None:
            self._count(now_s - self._since_s)
        self._since_s = None if timeout != 0 else now_s  # a look at the sockets needs no new alarm
        sleeps = self._alarms is not None and timeout != 0
        if sleeps:
            signal.setitimer(signal.ITIMER_REAL, 0)
        events = self._select(timeout)
        self._since_s = self._clock()
        if sleeps:
            signal.setitimer(signal.ITIMER_REAL, self._limit_s)
        return events

    def _count(self, pass_s: float) -> None:
        if pass_s > self.longest_s:
            self.longest_s = pass_s
        if pass_s >= self._limit_s:
            self.standstills += 1
            self.standstill_s += pass_s
            logger.debug("the event loop stood still for %.3f s", pass_s)

    def _alarm(self) -> None:
        """Log the stack of a standstill, or wait for the rest of the limit. On the thread of the signals."""
        since_s, now_s = self._since_s, self._clock()
        if since_s is None:
            return
        left_s = since_s + self._limit_s - now_s
        if left_s > 0:  # short passes without a pause between them: the alarm is older than this one
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


def _calls(frame: FrameType) -> str:
    """Return the innermost calls of a stack, without those of the import system, which hide what is imported."""
    calls = [call for call in traceback.extract_stack(frame) if not call.filename.startswith("<frozen importlib")]
    return "".join(traceback.format_list(calls[-_CALLS:])).rstrip()
