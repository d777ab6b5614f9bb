"""A one-item buffer between two threads: the newest item wins, and dropped items are counted."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class SlotClosed(Exception):
    """The slot is closed."""


@dataclass(frozen=True, slots=True)
class SlotStatistics:
    """Statistics of a slot since its creation: items put, items dropped, and whether one is waiting."""

    put: int
    dropped: int
    waiting: bool


class Slot(Generic[T]):
    """A one-item buffer between a producer thread and a single consumer thread.

    * ``put`` replaces a waiting item, which is dropped and counted. The consumer always gets the newest item, at most
      one producer interval old: delay cannot accumulate.
    * ``put`` never blocks.
    * ``close`` may be called by either side, from any thread, repeatedly. A waiting ``get`` raises ``SlotClosed`` at
      once; a waiting item is discarded without being counted; a later ``put`` is ignored.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None
        self._full = False
        self._closed = False
        self._woken = False
        self._put = 0
        self._dropped = 0

    def put(self, item: T) -> None:
        """Put the newest item, replacing one that was not taken."""
        with self._condition:
            if self._closed:
                return
            self._put += 1
            self._dropped += self._full
            self._item, self._full = item, True
            self._condition.notify()

    def get(self, timeout_s: float | None = None) -> T:
        """Take the newest item, waiting up to ``timeout_s`` for it (``None``: without limit).

        Raises:
            TimeoutError: when no item arrives in time, or :meth:`wake` was called.
            SlotClosed: when the slot is closed, now or during the wait.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._condition:
            while True:
                if self._closed:
                    raise SlotClosed
                if self._full:
                    item, self._item, self._full = self._item, None, False
                    return item  # type: ignore[return-value]  # full: it is a T, which may itself be None
                if self._woken:
                    self._woken = False
                    raise TimeoutError
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError
                self._condition.wait(left)

    def wake(self) -> None:
        """End the current or next wait of the consumer with ``TimeoutError``, if no item is waiting."""
        with self._condition:
            self._woken = True
            self._condition.notify()

    def close(self) -> None:
        """Close the slot for both sides."""
        with self._condition:
            self._closed, self._item, self._full = True, None, False
            self._condition.notify_all()

    @property
    def closed(self) -> bool:
        """Whether the slot is closed."""
        return self._closed

    @property
    def statistics(self) -> SlotStatistics:
        """Statistics since the creation of the slot."""
        with self._condition:
            return SlotStatistics(self._put, self._dropped, self._full)
