"""Timestamps that start at 0 and never decrease, pacing of frames in real time, and a deadline for pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from threading import Event

LATE_S = 0.1
"""Delay above which the schedule shifts; a smaller delay is caught up, a larger one would cause a burst."""


FIRST_PICTURE_S = 30.0
"""How long packets may arrive before the first picture; streams that are joined midway start with a key frame."""
WINDOW_S = 1.5
"""How long packets are counted to see whether they give pictures."""
_PACKETS_MIN = 10
_PICTURES_MIN = 0.25  # per packet; a picture may have two, one for each field


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


class PictureDeadline:
    """Notices that packets arrive without giving pictures, as when a stream changes its codec.

    A decoder for another codec gives a picture now and then, made of earlier ones, so pictures are compared with
    packets.
    """

    def __init__(self) -> None:
        self._has_picture = False
        self._began_s: float | None = None
        self._packets = self._pictures = 0

    def is_missed(self, pictures: int, now_s: float) -> bool:
        """Count a packet that arrived at a time and gave so many pictures; return whether there are too few."""
        if self._began_s is None or (pictures and not self._has_picture):
            self._begin(now_s)
        self._has_picture = self._has_picture or pictures > 0
        self._packets += 1
        self._pictures += pictures
        assert self._began_s is not None
        passed_s = now_s - self._began_s
        if not self._has_picture:
            return passed_s > FIRST_PICTURE_S
        if passed_s < WINDOW_S or self._packets < _PACKETS_MIN:
            return False
        missed = self._pictures < self._packets * _PICTURES_MIN
        self._begin(now_s)
        return missed

    def _begin(self, now_s: float) -> None:
        self._began_s = now_s
        self._packets = self._pictures = 0


class Rebase:
    """Maps timestamps of a source to a timeline that starts at 0 and strictly increases.

    Timestamps only get an offset. When one jumps back, or ahead by more than a limit, and after :meth:`restart`, the
    offset changes so that it follows the last one by a frame interval. A timestamp that repeats, or is back by less
    than an interval, is corrected alone: it comes one tick after the last.

    Attributes:
        jumped: Whether a timestamp has jumped since the last restart.
    """

    def __init__(self) -> None:
        self.jumped = False
        self._offset: int | None = None
        self._last = -1
        self._interval = 1

    def restart(self) -> None:
        """Announce that the source restarts from its beginning."""
        self._offset = None
        self.jumped = False

    def place(self, pts: int, interval: int, step_max: int | None = None) -> int:
        """Return the mapped timestamp of a frame.

        Args:
            pts: Its timestamp, in ticks of the source.
            interval: Its duration, in ticks.
            step_max: The longest step ahead that is no jump, in ticks; ``None`` for any.
        """
        if self._offset is not None:
            step = pts + self._offset - self._last
            back = step <= -max(self._interval, 1)
            if back or (step_max is not None and step > step_max):
                self._offset, self.jumped = None, True
        if self._offset is None:
            following = 0 if self._last < 0 else self._last + max(self._interval, 1)
            self._offset = following - pts
        self._last = max(pts + self._offset, self._last + 1)
        self._interval = interval
        return self._last


def ticks(seconds: Fraction | None, time_base: Fraction) -> int:
    """Return a duration in whole ticks, at least one."""
    return max(1, round(seconds / time_base)) if seconds else 1


def seconds(number: int, time_base: Fraction) -> float:
    """Return ticks in seconds, as ``float(number * time_base)`` but several times as fast."""
    return number * time_base.numerator / time_base.denominator
