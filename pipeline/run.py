"""One life of a camera's thread: started, told to end, and left behind when it does not."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S = 2.0
"""How long a thread may take to end; after that it is left behind, for a stuck driver is cut off, not waited for."""


CLOSE_AGAIN_S = 0.2
"""A thread that is still there after being told to end is told again, this often."""


class Run:
    """One life of a camera's thread, from the first who wanted it to the last who did."""

    def __init__(self, name: str, work: Callable[[Run], None], previous: Run | None) -> None:
        self.stopping = threading.Event()
        self._previous = previous
        self._work = work
        self._closer: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self.thread = threading.Thread(target=self._main, name=name, daemon=True)

    def on_stop(self, closer: Callable[[], None]) -> None:
        """Have something closed when the run is to stop, from another thread, perhaps twice; now if it is already."""
        with self._lock:
            self._closer = closer
            stopping = self.stopping.is_set()
        if stopping:
            closer()

    def stop(self) -> None:
        """Tell the thread to end and have closed what it may be waiting for. Never waits, whatever the closing does."""
        with self._lock:
            if self.stopping.is_set():
                return
            self.stopping.set()
        try:
            threading.Thread(target=self._close, name=f"closing {self.thread.name}", daemon=True).start()
        except RuntimeError:  # no more threads are to be had
            self._close()

    def _close(self) -> None:
        """Close what the thread waits for until it ends: what was closed just before it was opened is open now."""
        deadline_s = time.monotonic() + CLOSE_LIMIT_S
        while self.thread.is_alive() and time.monotonic() < deadline_s:
            with self._lock:
                closer = self._closer
            try:
                if closer is not None:
                    closer()
            except Exception:  # a driver's; the thread may end all the same
                logger.debug("%s: closing failed", self.thread.name, exc_info=True)
            self.thread.join(CLOSE_AGAIN_S)

    def wait(self, limit_s: float | None = None) -> bool:
        """Wait for the thread to end, up to a limit; return whether it did."""
        if self.thread is not threading.current_thread():
            self.thread.join(CLOSE_LIMIT_S if limit_s is None else limit_s)
        return not self.thread.is_alive()

    def _main(self) -> None:
        # One life at a time: what the one before holds (a device, a model on loan) must be free first.
        if self._previous is not None:
            if not self._previous.wait():
                logger.warning("%s: the thread before does not end; it is left behind", self.thread.name)
            self._previous = None
        self._work(self)
