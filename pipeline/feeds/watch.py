"""A subscription to the frames of one camera."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from cameras import Frame, Slot


class Watch:
    """A subscription: while it is open, the camera and all its sources run.

    It holds one frame: the reader always gets the newest. Use it from one thread at a time::

        with feed.watch() as watch:
            frame = watch.get(timeout_s=5)

    Args:
        slot: The slot that receives the frames.
        leave: Called once, by the first :meth:`close`.
    """

    def __init__(self, slot: Slot[Frame], leave: Callable[[], None]) -> None:
        self._slot = slot
        self._leave = leave
        self._open = True
        self._lock = threading.Lock()

    def get(self, timeout_s: float | None = None) -> Frame:
        """Wait for the next frame up to a limit; with 0, do not wait.

        Raises:
            TimeoutError: when none came in time.
            SlotClosed: when the watch or the camera was closed.
        """
        return self._slot.get(timeout_s)

    def on_ready(self, callback: Callable[[], None]) -> None:
        """Call a function for each frame and at the end, for a reader that does not wait in :meth:`get`.

        See :meth:`Slot.on_ready`.
        """
        self._slot.on_ready(callback)

    @property
    def dropped(self) -> int:
        """Number of frames that newer ones replaced before they were read."""
        return self._slot.statistics.dropped

    def close(self) -> None:
        """Stop watching. A second call does nothing; another thread may call it while ``get`` waits."""
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
