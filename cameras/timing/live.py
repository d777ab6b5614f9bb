"""The times of live frames, which follow their arrival; and their rate, as measured."""

from __future__ import annotations

from collections import deque
from fractions import Fraction

APART_S = 0.4
"""How far the clock of a live source and the arrival of its frames may be apart."""

_SLOW = Fraction(1, 100)  # share of a frame interval by which the distance is reduced with each frame
_LATE_S = 0.05  # distance that is left alone: the jitter of a network
_WINDOW_S = 2.0
_STANDS = 2  # repetitions of a timestamp from which on the clock stands still

_INTERVALS_MAX = 60
_MEASURED_S = 1.0
_MEASURED_INTERVALS = 8
_STEADY = 8  # frames from one measurement to the next, after the first ones
_GAP = 3.0


class LiveTimes:
    """Maps the timestamps of a live source to a timeline that starts at 0, increases, and follows the arrival.

    Frames keep the distances that the source states while these agree with their arrival, so the jitter of the network
    does not show. A clock that drifts is followed slowly. Where a clock steps, or stands still, a frame has the time
    of its arrival. So has a frame without a timestamp.

    Args:
        time_base: Seconds per tick, of the timestamps and of the timeline.
    """

    def __init__(self, time_base: Fraction) -> None:
        self._time_base = time_base
        self._offset: int | None = None
        self._began_s = 0.0
        self._last = -1
        self._apart = round(APART_S / time_base)
        self._late = round(_LATE_S / time_base)
        self._stated: int | None = None
        self._repeated = 0
        self._floor: int | None = None
        self._next_floor: int | None = None
        self._window_ends_s = 0.0

    def place(self, pts: int | None, interval: int, arrived_s: float) -> int:
        """Return the time of the next frame, in ticks.

        Args:
            pts: Its timestamp; ``None`` if it has none.
            interval: Its duration, in ticks.
            arrived_s: When it arrived, on the monotonic clock.
        """
        if self._last < 0:
            self._began_s = self._window_ends_s = arrived_s
            self._offset = None if pts is None else -pts
            self._stated = pts
            self._last = 0
            return 0
        arrival = round((arrived_s - self._began_s) / self._time_base)
        if pts is None:
            self._last = max(arrival, self._last + 1)
            return self._last
        if self._offset is None:
            self._offset = arrival - pts
        time = pts + self._offset
        self._repeated = self._repeated + 1 if pts == self._stated else 0
        self._stated = pts
        if self._repeated >= _STANDS or abs(arrival - time) > self._apart or time <= self._last - max(interval, 1):
            time = max(arrival, self._last + 1)
            self._offset = time - pts
            self._floor = self._next_floor = None
        else:
            self._follow(arrival - time, interval, arrived_s)
        self._last = max(time, self._last + 1)
        return self._last

    def _follow(self, lateness: int, interval: int, arrived_s: float) -> None:
        """Reduce the distance to the arrival that even the frames with the least delay have."""
        assert self._offset is not None
        if arrived_s >= self._window_ends_s:
            self._floor, self._next_floor = self._next_floor, None
            self._window_ends_s = arrived_s + _WINDOW_S
        self._next_floor = lateness if self._next_floor is None else min(lateness, self._next_floor)
        if self._floor is not None and abs(self._floor) > self._late:
            step = max(int(interval * _SLOW), 1)
            self._offset += step if self._floor > 0 else -step


class RateMeter:
    """Measures the rate of frames from their times; single gaps do not count.

    Attributes:
        per_second: Frames per second over the last 60 frames; ``None`` until about a second or nine frames have come.
    """

    def __init__(self) -> None:
        self.per_second: float | None = None
        self._last_s: float | None = None
        self._added = 0
        self._intervals: deque[float] = deque(maxlen=_INTERVALS_MAX)

    def add(self, time_s: float) -> None:
        """Count a frame with its time in seconds; one that goes back is the first of a new count."""
        last_s, self._last_s = self._last_s, time_s
        if last_s is None:
            return
        if time_s < last_s:
            self._intervals.clear()
            self._added = 0
            return
        self._intervals.append(time_s - last_s)
        self._added += 1
        if self._added <= _INTERVALS_MAX // 4 or self._added % _STEADY == 0:
            self._measure()

    def _measure(self) -> None:
        intervals = tuple(self._intervals)
        whole_s = sum(intervals)
        if not whole_s or (whole_s < _MEASURED_S and len(intervals) < _MEASURED_INTERVALS):
            return
        even = [interval for interval in intervals if interval <= _GAP * whole_s / len(intervals)]
        even_s = sum(even)
        self.per_second = round(len(even) / even_s, 3) if even_s else None  # the clock stands still
