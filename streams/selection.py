"""Which frames of a file are used: a part of its time, and at most so many per second."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from cameras import Frame

_ROUNDED_S = Fraction(1, 2_000_000)  # times may be given in microseconds
_JITTER_S = Fraction(1, 1000)  # files with times in milliseconds have frames that much too early


@dataclass(frozen=True)
class Selection:
    """The frames of a video that are used.

    The time of a frame is relative to the first one of the file. ``frame_rate_max`` divides the time since the first
    frame used into intervals of equal length; of the frames in one, the first is used. So frames are never repeated,
    and each keeps its time.

    Attributes:
        start_s: The first frame at or after this time is the first one used.
        end_s: The first frame at or after this time is no longer used; ``None`` for the end of the file.
        frame_rate_max: Most frames per second, on average; ``None`` for all.

    Raises:
        ValueError: A number is not finite or too small.
    """

    start_s: float = 0.0
    end_s: float | None = None
    frame_rate_max: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_s) and self.start_s >= 0):
            raise ValueError(f"the start must be 0 seconds or more, got {self.start_s:g}")
        if self.end_s is not None and not (math.isfinite(self.end_s) and self.end_s > self.start_s):
            raise ValueError(f"the end must be after the start, {self.start_s:g} s, got {self.end_s:g}")
        rate = self.frame_rate_max
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"the frames per second must be more than 0, got {rate:g}")

    @property
    def is_part(self) -> bool:
        """Whether frames may be left out."""
        return self != Selection()

    def of(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Yield the frames that are used, the first with time 0, the others relative to it.

        Args:
            frames: Those of the file, at least from the start on.
        """
        start = Fraction(self.start_s) - _ROUNDED_S
        end = None if self.end_s is None else Fraction(self.end_s) - _ROUNDED_S
        rate = None if self.frame_rate_max is None else Fraction(self.frame_rate_max)
        first: int | None = None
        last = -1
        for frame in frames:
            time = frame.pts * frame.time_base
            if end is not None and time >= end:
                return
            if time < start:
                continue
            first = frame.pts if first is None else first
            if rate is not None:
                interval = math.floor(((frame.pts - first) * frame.time_base + _JITTER_S) * rate)
                if interval <= last:
                    continue
                last = interval
            yield frame.retimed(frame.pts - first, frame.time_base, frame.sequence) if first else frame

    def count(self, frames: int | None, frame_rate: float | None) -> int | None:
        """Return about how many frames are used.

        Args:
            frames: The number of frames in the file, if it states it.
            frame_rate: Frames per second of the file, if known.
        """
        if not self.is_part or frames is None:
            return frames
        if not frame_rate:
            return None
        length_s = frames / frame_rate
        used_s = min(length_s, length_s if self.end_s is None else self.end_s) - self.start_s
        return max(1, math.ceil(used_s * (self.rate_of(frame_rate) or frame_rate)))

    def rate_of(self, frame_rate: float | None) -> float | None:
        """Return the frames per second of a video of which these are used."""
        return min((rate for rate in (frame_rate, self.frame_rate_max) if rate), default=None)

    @property
    def words(self) -> str:
        """The part of the time, as ``from 2 s to 5 s``."""
        return f"from {self.start_s:g} s" + ("" if self.end_s is None else f" to {self.end_s:g} s")
