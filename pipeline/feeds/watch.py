"""Somebody's wish to see a camera's frames."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from cameras import Frame, Slot


class Watch:
    """While it is open, the camera and all it comes from are running.

    It is a place for one frame: the reader always gets the newest. To be used by one thread at a time.

    Args:
        slot: Where the camera puts its frames.
        leave: Called once, when nobody watches through it any more.
    """

    def __init__(self, slot: Slot[Frame], leave: Callable[[], None]) -> None:
        self._slot = slot
        self._leave = leave
        self._open = True
        self._lock = threading.Lock()

    def get(self, timeout_s: float | None = None) -> Frame:
        """Wait for the next frame.

        Raises:
            TimeoutError: when none came in time, or :meth:`wake` was called.
            SlotClosed: when the watch or the camera was closed.
        """
        return self._slot.get(timeout_s)

    def wake(self) -> None:
        """Make the present or next :meth:`get` end at once with ``TimeoutError``, if no frame is there."""
        self._slot.wake()

    @property
    def dropped(self) -> int:
        """Frames that came and were replaced by newer ones before anybody took them."""
        return self._slot.statistics.dropped

    def close(self) -> None:
        """Stop watching. Harmless twice, and from another thread while ``get`` waits."""
        with self._lock:
            was_open, self._open = self._open, False
        if was_open:
            self._leave()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
