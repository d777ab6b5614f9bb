"""Which share of their pictures sources should decode, while the machine has too much to do for all."""

from __future__ import annotations

import threading
from collections.abc import Callable

PERIOD_S = 1.0
"""How often the share changes."""

USED = 0.4
"""The part of what is decoded that readers should take. The frames of a group come in a burst, so they cannot take all.
With 0.3 they took as many, on two cores, and more was decoded in vain; with 0.5 workers had nothing to do at times."""

GROWTH, FALL = 1.4, 0.5
"""By how much the share may grow or fall in one period."""

SHARE_MIN = 0.02

FORGET_S = 5.0
"""After so long without a frame, what was is forgotten."""


class DecodingShare:
    """Follows what the readers of all sources take. Safe from any thread.

    Decoding frames that no reader has time for takes the time from those that have. While the machine is saturated, the
    share is lowered until readers take a good part of what is decoded; when there is time again, it grows back to all.
    It is the same for all sources, so that each camera gets its fair share.

    Args:
        monotonic: A clock in seconds that never jumps.
        is_saturated: Returns whether frames of all cameras wait for a processor.

    Attributes:
        share: The share of the pictures to decode, above 0, at most 1.
    """

    def __init__(self, monotonic: Callable[[], float], is_saturated: Callable[[], bool]) -> None:
        self.share = 1.0
        self._monotonic = monotonic
        self._is_saturated = is_saturated
        self._lock = threading.Lock()
        self._since_s = monotonic()
        self._frames = self._unread = 0

    def add(self, *, unread: bool) -> float:
        """Note a frame of a source; return the share.

        Args:
            unread: Whether it has replaced one that no reader has taken.
        """
        now_s = self._monotonic()
        with self._lock:
            if now_s - self._since_s >= FORGET_S:
                self.share, self._since_s, self._frames, self._unread = 1.0, now_s, 0, 0
            self._frames += 1
            self._unread += unread
            if now_s - self._since_s >= PERIOD_S:
                used = 1.0 - self._unread / self._frames
                # What readers take grows with the time that a smaller share leaves.
                change = max(min(used / USED, GROWTH), FALL) if self._is_saturated() else GROWTH
                self.share = max(min(self.share * change, 1.0), SHARE_MIN)
                self._since_s, self._frames, self._unread = now_s, 0, 0
            return self.share
