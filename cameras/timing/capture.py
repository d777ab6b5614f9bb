"""When live frames were captured: by the clock of their camera where that can be right, else when they arrived."""

from __future__ import annotations

from typing import Literal

CaptureClock = Literal["camera", "arrival"]
"""Which clock says when a frame was captured: the camera's own, or ours as the frame arrives."""

AHEAD_S = 0.1
"""How far the clock of a camera may be ahead of ours, which NTP keeps together to some milliseconds in one network."""

BEHIND_S = 10.0
"""How long before its arrival a frame may have been captured. No live stream is later; a clock that is not set is."""


class CaptureTimes:
    """Decides for each frame of a camera which clock says when it was captured.

    Attributes:
        fault: What is wrong with the camera's clock, the first time that it was; ``None`` while nothing has been.
    """

    def __init__(self) -> None:
        self.fault: str | None = None

    def of(self, stated_at: float | None, received_at: float) -> tuple[float, CaptureClock]:
        """Return when a frame was captured, never after its arrival, and by which clock.

        Args:
            stated_at: When it was captured by the camera's clock, in seconds since the epoch; ``None`` if unknown.
            received_at: When it arrived, likewise.
        """
        if stated_at is None:
            return received_at, "arrival"
        ahead_s = stated_at - received_at
        if -BEHIND_S <= ahead_s <= AHEAD_S:
            return min(stated_at, received_at), "camera"
        if self.fault is None:
            apart = f"{abs(ahead_s):.1f} s {'after' if ahead_s > 0 else 'before'}"
            self.fault = (
                f"by its clock, a frame was captured {apart} it arrived; such frames count as captured on arrival. "
                "Set the clock of the camera by NTP"
            )
        return received_at, "arrival"
