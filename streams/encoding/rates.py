"""How many bits per second flow, over the last seconds."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

WINDOW_S = 2.0


class ByteRate:
    """Bytes counted as they pass; safe from any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._passed: deque[tuple[float, int]] = deque()
        self._bytes = 0

    def add(self, number: int) -> None:
        """Count bytes that pass now."""
        with self._lock:
            self._passed.append((self._monotonic(), number))
            self._bytes += number
            self._forget()

    @property
    def bits_per_second(self) -> int:
        """What passed within the last two seconds, as bits per second."""
        with self._lock:
            self._forget()
            return round(8 * self._bytes / WINDOW_S)

    def _forget(self) -> None:
        oldest = self._monotonic() - WINDOW_S
        while self._passed and self._passed[0][0] < oldest:
            self._bytes -= self._passed.popleft()[1]
