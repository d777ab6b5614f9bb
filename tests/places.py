"""Places of threads (``cameras.Place``) that tests watch."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class WatchedPlace:
    """Notes when it is given away and taken back, and on which threads.

    Args:
        notes: Where to note it.
        given_up_after_s: After how long its thread is given up.
    """

    def __init__(self, notes: list[str] | None = None, given_up_after_s: float | None = None) -> None:
        self.given_up_after_s = given_up_after_s
        self.notes: list[str] = [] if notes is None else notes
        self.threads: set[threading.Thread] = set()
        self.gave = threading.Semaphore(0)

    @contextmanager
    def given_away(self) -> Iterator[None]:
        """Note the begin and the end of the block."""
        self.threads.add(threading.current_thread())
        self.notes.append("given")
        self.gave.release()
        try:
            yield
        finally:
            self.notes.append("back")
