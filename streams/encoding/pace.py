"""Skip frames for a stream whose frame rate is below that of its camera."""

from __future__ import annotations

from cameras import Frame


class Pace:
    """Selects the frames of a stream with a given frame rate; without a rate, all frames."""

    def __init__(self, frame_rate: float | None) -> None:
        self._interval_s = None if frame_rate is None else 1.0 / frame_rate
        self._due_s: float | None = None

    def skips(self, frame: Frame) -> bool:
        """Return whether this frame comes too early for the stream."""
        if self._interval_s is None:
            return False
        now_s = frame.time_s
        # A quarter of an interval early counts as on time: sources are not exact.
        if self._due_s is not None and now_s < self._due_s - self._interval_s / 4:
            return True
        late = self._due_s is None or now_s > self._due_s + self._interval_s
        self._due_s = self._interval_s + (now_s if late or self._due_s is None else self._due_s)
        return False
