"""The time of a source: its frames start at 0, never go back, and come out in real time."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from threading import Event

LATE_S = 0.1
"""How late a frame may be before the schedule gives way: a hiccup below it is made up for, more would be a burst."""


class Pacer:
    """Holds frames back until their time comes.

    When a frame is late by more than :data:`LATE_S`, because decoding is slow or nobody read for a while, the schedule
    moves: the frames after it keep their distance from it, none are hurried.
    """

    def __init__(self, ended: Event, clock: Callable[[], float] = time.monotonic) -> None:
        self._ended = ended
        self._clock = clock
        self._origin_s: float | None = None

    def wait(self, time_s: float) -> None:
        """Return when the frame of that time is due, or at once when ``ended`` is set."""
        now_s = self._clock()
        if self._origin_s is None or now_s > self._origin_s + time_s + LATE_S:
            self._origin_s = now_s - time_s
        early_s = self._origin_s + time_s - now_s
        if early_s > 0:
            self._ended.wait(early_s)


class Rebase:
    """Gives frames their place on one line of time that starts at 0 and only goes forward.

    Ticks stay exactly as the source has them, but for the offset. A time that goes back, and the first one after
    :meth:`restart`, follows the last by one frame interval, and with it all after it. One that stands still, or is back
    by less than an interval, is a slip: that frame alone comes a tick after the last.
    """

    def __init__(self) -> None:
        self._offset: int | None = None
        self._last = -1
        self._interval = 1

    def restart(self) -> None:
        """Say that the source begins again from the start."""
        self._offset = None

    def place(self, pts: int, interval: int) -> int:
        """Return the place of a frame with this time and this distance to the next, in the source's ticks."""
        if self._offset is None or pts + self._offset <= self._last - max(self._interval, 1):
            following = 0 if self._last < 0 else self._last + max(self._interval, 1)
            self._offset = following - pts
        self._last = max(pts + self._offset, self._last + 1)
        self._interval = interval
        return self._last


def ticks(seconds: Fraction | None, time_base: Fraction) -> int:
    """Return a distance in whole ticks, at least one."""
    return max(1, round(seconds / time_base)) if seconds else 1
