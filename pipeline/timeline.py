"""Keep the time of a running camera going forward, whatever its source does."""

from __future__ import annotations

from fractions import Fraction

from cameras import Frame

JUMP_S = 5.0
"""A step of the source's time that differs from the wall clock's by more than this is a jump, not a frame rate."""


class Timeline:
    """The time of one running camera: starts with its first frame, and never goes back.

    Frames keep the ticks that their source gave them. When the source starts again (it was reopened, or begins anew
    after an end), goes back or leaps, an offset is added from then on, so that the next frame follows the last one by
    their distance on the clock. All frames carry the time base of the first one.
    """

    def __init__(self) -> None:
        self._time_base: Fraction | None = None
        self._offset = 0
        self._last_source = 0
        self._last = -1
        self._last_at_s = 0.0
        self._restarted = False
        self._sequence = 0

    def restart(self) -> None:
        """Say that the source begins its time anew with the next frame."""
        self._restarted = True

    def place(self, frame: Frame, at_s: float) -> Frame:
        """Return the frame with its time and number in the running camera.

        ``at_s`` is the moment it was captured, on the monotonic clock.
        """
        if self._time_base is None:
            self._time_base = frame.time_base
            self._offset = -frame.pts
        # To whole ticks, by rounding: exact unless a reopened source counts in another unit.
        source = round(frame.pts * frame.time_base / self._time_base)
        if self._last >= 0:
            elapsed_s = max(at_s - self._last_at_s, 0.0)
            step = source - self._last_source
            leap_s = abs(float(step * self._time_base) - elapsed_s)
            if self._restarted or step <= 0 or leap_s > JUMP_S:
                self._offset = self._last + max(round(elapsed_s / self._time_base), 1) - source
        self._restarted = False
        pts = source + self._offset
        self._last_source, self._last, self._last_at_s = source, pts, at_s
        placed = frame.retimed(pts, self._time_base, self._sequence)
        self._sequence += 1
        return placed
