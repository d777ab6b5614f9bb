"""What became of each model file since the program started: loads, copies, and the sizes of batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cameras import Histogram

BATCH_BOUNDS = (1, 2, 4, 8, 16, 32, 64)
"""Upper bounds of the sizes of batches; 64 is the largest that can be declared."""


class ModelStatistics:
    """Counts of one model file, in all its loads. Safe from any thread.

    Attributes:
        name: Name of the file, without its folder.
        loads: How often it was loaded, each copy counted.
        failures: How often that failed.
        load_s: How long all loads have taken, in seconds, with the verification of a file that was new.
        copies: How many copies are loaded now.
        batches: The sizes of batches, if the model takes any.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.loads = self.failures = self.copies = 0
        self.load_s = 0.0
        self.batches = Histogram(BATCH_BOUNDS)
        self._lock = threading.Lock()

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Count and time the block as one load; an exception is a failure."""
        began_s = time.monotonic()
        try:
            yield
        except BaseException:
            with self._lock:
                self.failures += 1
            raise
        with self._lock:
            self.loads += 1
            self.copies += 1
            self.load_s += time.monotonic() - began_s

    def closed(self, copies: int) -> None:
        """Note that copies were unloaded."""
        with self._lock:
            self.copies -= copies
