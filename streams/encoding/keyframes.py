"""Limit how often a shared encoder makes key frames on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PAUSE_S = 0.5
"""Shortest time between two key frames on demand: each is many times the size of another frame, for every viewer."""


class KeyFrameRequests:
    """Combines the requests of many viewers into few key frames. Thread-safe.

    A request during the pause after a key frame is kept; it is due when the pause is over.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._requested_at: float | None = None
        self._served_at: float | None = None

    def request(self) -> bool:
        """Request a key frame; return whether no other request was pending."""
        with self._lock:
            first = self._requested_at is None
            if first:
                self._requested_at = self._monotonic()
            return first

    def wait_s(self, delay_s: float = 0.0) -> float | None:
        """Return the seconds until the pending request is due (0.0: now); ``None`` without a request.

        A request is not due before it is ``delay_s`` old.
        """
        with self._lock:
            if self._requested_at is None:
                return None
            due = self._requested_at + delay_s
            if self._served_at is not None:
                due = max(due, self._served_at + PAUSE_S)
            return max(due - self._monotonic(), 0.0)

    def served(self) -> None:
        """Record that a key frame was made: it answers all requests so far."""
        with self._lock:
            self._requested_at = None
            self._served_at = self._monotonic()
