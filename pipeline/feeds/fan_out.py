"""Distribute each frame of a feed to all its readers, and keep the newest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from cameras import Frame, Slot

T = TypeVar("T")


class FanOut:
    """The newest frame, and a slot for each reader. Safe from any thread.

    Its lock is held while a frame is handed over, never while a frame is processed.

    Attributes:
        unread: Number of frames that no reader took before the next one came; without readers there are none.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: tuple[Slot[Frame], ...] = ()
        self._latest: Frame | None = None
        self._closed = False
        self.unread = 0

    @property
    def latest(self) -> Frame | None:
        """The newest frame; ``None`` before the first and after :meth:`forget`."""
        return self._latest

    def attach(self, slot: Slot[Frame]) -> None:
        """Put every frame into a slot from now on, starting with the newest so far; :meth:`close` closes the slot."""
        with self._lock:
            if self._closed:
                slot.close()
                return
            self._slots = (*self._slots, slot)
            if self._latest is not None:
                slot.put(self._latest)

    def detach(self, slot: Slot[Frame]) -> None:
        """Close a slot and put no more frames into it. Does nothing for a slot that was never attached."""
        slot.close()
        with self._lock:
            self._slots = tuple(other for other in self._slots if other is not slot)

    def publish(self, make: Callable[[], Frame | None]) -> bool:
        """Put a frame into all slots.

        Args:
            make: Called under the lock; returns the frame, or ``None`` when the frame is obsolete.

        Returns:
            Whether there was a frame.
        """
        with self._lock:
            frame = make()
            if frame is None:
                return False
            self._latest = frame
            replaces = [slot.put(frame) for slot in self._slots]
            self.unread += bool(replaces) and all(replaces)
            return True

    def between(self, call: Callable[[], T]) -> T:
        """Call a function between two frames, and return what it does."""
        with self._lock:
            return call()

    def forget(self, frame: Frame | None = None) -> None:
        """Drop the newest frame: the next reader waits for a new one. With a frame, only if it is the newest."""
        with self._lock:
            if frame is None or self._latest is frame:
                self._latest = None

    def close(self) -> None:
        """Close all slots, including those attached later. A second call does nothing."""
        with self._lock:
            self._closed = True
            slots, self._slots, self._latest = self._slots, (), None
        for slot in slots:
            slot.close()
