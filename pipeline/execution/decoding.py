"""Which share of their pictures sources should decode, while the machine has too much to do for all."""

from __future__ import annotations

import threading
from collections.abc import Callable

PERIOD_S = 1.0
"""How often the share changes."""

USED_MIN, USED_MAX = 0.1, 0.3
"""Below, decoding is nearly all for nothing; above, readers could take more: the frames of a group come in a burst."""

GROWTH = 1.4
"""By how much the share may grow in one period."""

SHARE_MIN = 0.02

FORGET_S = 5.0
"""After so long without a frame, what was is forgotten."""


class DecodingShare:
    """Follows what the readers of all sources take. Safe from any thread.

    Decoding frames that no reader has time for takes the time from those that have. While the machine is saturated and
    readers take next to nothing of what is decoded, the share is lowered until they take a good part of it; when there
    is time again, it grows back to all. It is the same for all sources, so that each camera gets its fair share.

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
                if not self._is_saturated() or used > USED_MAX:
                    self.share = min(self.share * GROWTH, 1.0)
                elif used < USED_MIN:
                    # What they take grows with the time that this leaves.
                    self.share = max(self.share * max(used, 0.1) * GROWTH, SHARE_MIN)
                self._since_s, self._frames, self._unread = now_s, 0, 0
            return self.share
