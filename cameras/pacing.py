"""Timestamps that start at 0 and never decrease, and pacing of frames in real time."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from threading import Event

LATE_S = 0.1
"""Delay above which the schedule shifts; a smaller delay is caught up, a larger one would cause a burst."""


class Pacer:
    """Delays frames until they are due.

    If a frame is late by more than :data:`LATE_S`, because decoding is slow or the reader paused, the schedule shifts:
    later frames keep their distance to it and are not hurried.
    """

    def __init__(self, ended: Event, clock: Callable[[], float] = time.monotonic) -> None:
        self._ended = ended
        self._clock = clock
        self._origin_s: float | None = None

    def wait(self, time_s: float) -> None:
        """Wait until a frame with that time is due; return at once when ``ended`` is set."""
        now_s = self._clock()
        if self._origin_s is None or now_s > self._origin_s + time_s + LATE_S:
            self._origin_s = now_s - time_s
        early_s = self._origin_s + time_s - now_s
        if early_s > 0:
            self._ended.wait(early_s)


class Rebase:
    """Maps timestamps of a source to a timeline that starts at 0 and strictly increases.

    Timestamps only get an offset. When one jumps back, and after :meth:`restart`, the offset changes so that it follows
    the last one by a frame interval. A timestamp that repeats, or is back by less than an interval, is corrected alone:
    it comes one tick after the last.
    """

    def __init__(self) -> None:
        self._offset: int | None = None
        self._last = -1
        self._interval = 1

    def restart(self) -> None:
        """Announce that the source restarts from its beginning."""
        self._offset = None

    def place(self, pts: int, interval: int) -> int:
        """Return the mapped timestamp of a frame, in ticks of the source; ``interval`` is its duration."""
        if self._offset is None or pts + self._offset <= self._last - max(self._interval, 1):
            following = 0 if self._last < 0 else self._last + max(self._interval, 1)
            self._offset = following - pts
        self._last = max(pts + self._offset, self._last + 1)
        self._interval = interval
        return self._last


def ticks(seconds: Fraction | None, time_base: Fraction) -> int:
    """Return a duration in whole ticks, at least one."""
    return max(1, round(seconds / time_base)) if seconds else 1
