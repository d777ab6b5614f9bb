"""The times of decoded frames, also where the packets of an input have none."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from .pacing import ticks

RATE_MAX = 300.0
"""Highest believable number of frames per second; a larger one is the resolution of a clock."""

_INTERVAL = Fraction(1, 25)  # FFmpeg's own guess for elementary streams


class Timed(Protocol):
    """The part of ``av.VideoFrame`` that is used here; all in ticks of ``time_base``."""

    @property
    def pts(self) -> int | None:
        """Presentation time."""

    @property
    def dts(self) -> int | None:
        """Time of the packet that completed the frame."""

    @property
    def duration(self) -> int:
        """Duration; 0 if unknown."""

    @property
    def time_base(self) -> Fraction | None:
        """Seconds per tick."""


def timing_of(frame: Timed) -> tuple[int, int, Fraction]:
    """Return pts, duration and time base of a frame that has all of them."""
    assert frame.pts is not None and frame.time_base is not None
    return frame.pts, frame.duration, frame.time_base


class FrameTimes:
    """Finds the time of each frame that a decoder gives.

    A frame has the time that its packet states. Without one, it has that of the packet that completed it, which is how
    AVI stores pictures that are not in the order of their packets. Without both, as in elementary streams, it follows
    the last frame by the duration of that.
    """

    def __init__(self) -> None:
        self._following: int | None = None

    def of(self, frame: Timed, rate: Fraction | None) -> tuple[int, int]:
        """Return time and duration of a frame, in ticks of its time base.

        Args:
            frame: The next frame in the order of presentation.
            rate: Frames per second, for frames that state no duration.
        """
        time = frame.pts if frame.pts is not None else frame.dts
        if time is None:
            time = self._following or 0
        duration = frame.duration
        if duration <= 0:
            assert frame.time_base is not None
            duration = ticks(1 / rate if rate else _INTERVAL, frame.time_base)
        self._following = time + duration
        return time, duration


def believable(rate: Fraction | float | None) -> bool:
    """Return whether a declared number of frames per second can be one."""
    return rate is not None and 0 < rate <= RATE_MAX
