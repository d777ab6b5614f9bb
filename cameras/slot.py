"""Hand frames from one thread to the next: one place, the newest wins, the loss is counted."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class SlotClosed(Exception):
    """Nothing more comes through this slot."""


@dataclass(frozen=True, slots=True)
class SlotStatistics:
    """How a slot has fared; every count is since it was made."""

    put: int
    dropped: int
    waiting: bool


class Slot(Generic[T]):
    """A place for one item between the thread that makes them and the one thread that takes them.

    * An item put while another waits replaces it: the old one is lost and counted. So the reader always gets the
      newest, and what it gets is never older than one interval of the writer: delay cannot grow.
    * ``put`` never waits, whatever the reader does.
    * ``close`` may be called by either side, from any thread, any number of times. A waiting reader sees ``SlotClosed``
      at once; the item that waited is dropped without being counted; a later ``put`` is ignored.
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
        """Leave the newest item, in place of one that nobody took."""
        with self._condition:
            if self._closed:
                return
            self._put += 1
            self._dropped += self._full
            self._item, self._full = item, True
            self._condition.notify()

    def get(self, timeout_s: float | None = None) -> T:
        """Take the newest item, waiting for one up to the time given (``None``: as long as it takes).

        Raises:
            TimeoutError: when none came in time, or :meth:`wake` was called.
            SlotClosed: when the slot is closed, now or while waiting.
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
        """Make the reader's present or next wait end at once with ``TimeoutError``, if no item is there."""
        with self._condition:
            self._woken = True
            self._condition.notify()

    def close(self) -> None:
        """End it for both sides."""
        with self._condition:
            self._closed, self._item, self._full = True, None, False
            self._condition.notify_all()

    @property
    def closed(self) -> bool:
        """Whether nothing more comes through it."""
        return self._closed

    @property
    def statistics(self) -> SlotStatistics:
        """How many items came, how many were lost, and whether one waits now."""
        with self._condition:
            return SlotStatistics(self._put, self._dropped, self._full)
