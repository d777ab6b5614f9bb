"""A one-item buffer between two threads: the newest item wins, and dropped items are counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
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


class Wakeup:
    """Wakes one waiting thread: ``set`` ends the present or the next ``wait``.

    A binary semaphore. It does less per frame than an event or a condition of ``threading``.
    """

    def __init__(self) -> None:
        self._unset = threading.Lock()
        self._unset.acquire()

    def set(self) -> None:
        """Wake the waiting thread, or the next one. Never blocks; does nothing if that is still to come."""
        if self._unset.locked():
            try:
                self._unset.release()
            except RuntimeError:  # another thread was faster
                pass

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait for ``set``, up to a limit."""
        self._unset.acquire(timeout=-1 if timeout_s is None else timeout_s)


class Slot(Generic[T]):
    """A one-item buffer between a producer and a single consumer, on any threads.

    The consumer waits in ``get``, or has itself called by ``on_ready`` and takes items with ``get(0)``.

    * ``put`` replaces a waiting item, which is dropped and counted. The consumer always gets the newest item, at most
      one producer interval old: delay cannot accumulate.
    * ``put`` never blocks.
    * ``close`` may be called by either side, from any thread, repeatedly. A waiting ``get`` raises ``SlotClosed`` at
      once; a waiting item is discarded without being counted; a later ``put`` is ignored.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wakeup = Wakeup()
        self._on_ready: Callable[[], None] | None = None
        self._item: T | None = None
        self._full = False
        self._closed = False
        self._put = 0
        self._dropped = 0

    def put(self, item: T) -> bool:
        """Put the newest item; return whether it replaces one that was not taken."""
        with self._lock:
            if self._closed:
                return False
            replaces = self._full
            self._put += 1
            self._dropped += replaces
            self._item, self._full = item, True
            on_ready = self._on_ready
        self._wakeup.set()
        if on_ready is not None:
            on_ready()
        return replaces

    def get(self, timeout_s: float | None = None) -> T:
        """Take the newest item, waiting up to ``timeout_s`` for it (``None``: without limit; 0: not at all).

        Raises:
            TimeoutError: when no item arrives in time.
            SlotClosed: when the slot is closed, now or during the wait.
        """
        deadline: float | None = None
        while True:
            with self._lock:
                if self._full:
                    item, self._item, self._full = self._item, None, False
                    return item  # type: ignore[return-value]  # full: it is a T, which may itself be None
                if self._closed:
                    raise SlotClosed
            if timeout_s is None:
                self._wakeup.wait()
                continue
            now = time.monotonic()
            if deadline is None:
                deadline = now + timeout_s
            if deadline <= now:
                raise TimeoutError
            self._wakeup.wait(deadline - now)

    def on_ready(self, callback: Callable[[], None]) -> None:
        """Call a function for each item put from now on and when the slot is closed; at once if either has happened.

        It is called on the thread that puts or closes, and must neither block nor raise. A later call replaces it.
        """
        with self._lock:
            if not self._closed:
                self._on_ready = callback
            ready = self._full or self._closed
        if ready:
            callback()

    def close(self) -> None:
        """Close the slot for both sides."""
        with self._lock:
            self._closed, self._item, self._full = True, None, False
            on_ready, self._on_ready = self._on_ready, None
        self._wakeup.set()
        if on_ready is not None:
            on_ready()

    @property
    def closed(self) -> bool:
        """Whether the slot is closed."""
        return self._closed

    @property
    def statistics(self) -> SlotStatistics:
        """Statistics since the creation of the slot."""
        with self._lock:
            return SlotStatistics(self._put, self._dropped, self._full)
