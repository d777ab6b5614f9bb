"""Histograms: how many measured values fell into which range, since the program started."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple


class Buckets(NamedTuple):
    """The state of a histogram.

    Attributes:
        bounds: The upper bound of each bucket but the last, which has none.
        counts: The number of values in each bucket, one more than bounds.
        total: The sum of all values.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


class Histogram:
    """Counts values in buckets. Safe from any thread.

    Args:
        bounds: The upper bounds of the buckets, rising; a value that is equal is in the bucket. Larger values than all
            of them have a last one.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._total = 0.0
        self._lock = threading.Lock()

    def add(self, value: float) -> None:
        """Count a value."""
        bucket = bisect_left(self._bounds, value)
        with self._lock:
            self._counts[bucket] += 1
            self._total += value

    def read(self) -> Buckets:
        """Return the present state."""
        with self._lock:
            return Buckets(self._bounds, tuple(self._counts), self._total)
