"""Hand each frame of a feed to everybody who takes them, and keep the newest."""

from __future__ import annotations

import threading
from collections.abc import Callable

from cameras import Frame, Slot


class FanOut:
    """The newest frame, and a slot for each reader. Safe from any thread.

    Its lock is held while a frame is handed over, never while anything is made of one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: tuple[Slot[Frame], ...] = ()
        self._latest: Frame | None = None
        self._closed = False

    @property
    def latest(self) -> Frame | None:
        """The newest frame; ``None`` before the first, and when it was forgotten."""
        return self._latest

    def attach(self, slot: Slot[Frame]) -> None:
        """Put every frame into a slot from now on, beginning with the newest there is; close it when all is over."""
        with self._lock:
            if self._closed:
                slot.close()
                return
            self._slots = (*self._slots, slot)
            if self._latest is not None:
                slot.put(self._latest)

    def detach(self, slot: Slot[Frame]) -> None:
        """Close a slot and put nothing more into it. Harmless when it was never attached."""
        slot.close()
        with self._lock:
            self._slots = tuple(other for other in self._slots if other is not slot)

    def publish(self, make: Callable[[], Frame | None]) -> bool:
        """Hand a frame to all readers.

        Args:
            make: Called under the lock; gives the frame, or ``None`` when it turns out not to be wanted any more.

        Returns:
            Whether there was one.
        """
        with self._lock:
            frame = make()
            if frame is None:
                return False
            self._latest = frame
            for slot in self._slots:
                slot.put(frame)
            return True

    def forget(self) -> None:
        """Let go of the newest frame: who comes next waits for a new one."""
        with self._lock:
            self._latest = None

    def close(self) -> None:
        """Close all slots, also those that come later. Harmless twice."""
        with self._lock:
            self._closed = True
            slots, self._slots, self._latest = self._slots, (), None
        for slot in slots:
            slot.close()
