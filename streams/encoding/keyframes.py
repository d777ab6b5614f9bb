"""When a shared encoder gives a key frame: on demand, but not more often than its viewers can bear."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PAUSE_S = 0.5
"""Shortest time between two key frames on demand: each is many times the size of what it replaces, for every viewer."""


class KeyFrameRequests:
    """Requests from many viewers, made into few key frames. Safe from any thread.

    A request during the pause after a key frame is not lost: it is due when the pause is over.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        self._served_at: float | None = None

    def ask(self) -> bool:
        """Ask for a key frame; return whether nobody was waiting for one."""
        with self._lock:
            first = self._asked_at is None
            if first:
                self._asked_at = self._monotonic()
            return first

    def wait_s(self, patience_s: float = 0.0) -> float | None:
        """Return the seconds until a waiting request is due (0.0: it is), ``None`` when there is no request.

        ``patience_s`` is how long a request waits at least.
        """
        with self._lock:
            if self._asked_at is None:
                return None
            due = self._asked_at + patience_s
            if self._served_at is not None:
                due = max(due, self._served_at + PAUSE_S)
            return max(due - self._monotonic(), 0.0)

    def served(self) -> None:
        """Say that a key frame has been made: all requests so far are answered by it."""
        with self._lock:
            self._asked_at = None
            self._served_at = self._monotonic()
