"""The run of a function that blocks, on a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from cameras import BackgroundThread

from .memory import release_memory
from .tasks import CLOSE_LIMIT_S, BlockingRun, Run, wait_for_previous

logger = logging.getLogger(__name__)

CLOSE_AGAIN_S = 0.2
"""Interval at which the resources of a stopped thread are closed again until it ends."""


class ThreadRun:
    """One run on a thread of its own; when stopped, it closes the function's resource until the thread ends.

    Safe from any thread.

    Attributes:
        name: Name of its thread.
        stopping: Set once the run must end.
    """

    def __init__(self, name: str, work: Callable[[BlockingRun], None], previous: Run | None) -> None:
        self.name = name
        self.stopping = threading.Event()
        self._function = work
        self._previous = previous
        self._closer: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._thread = BackgroundThread(self._main, name)

    def start(self) -> None:
        """Start the thread; do not wait until it runs.

        Raises:
            RuntimeError: when the system gives no more threads.
        """
        self._thread.start()

    def on_stop(self, closer: Callable[[], None]) -> None:
        """Register what closes the resource; call it now if the run is already stopping."""
        with self._lock:
            self._closer = closer
            stopping = self.stopping.is_set()
        if stopping:
            closer()

    def stop(self) -> None:
        """Stop the run and close what it may be waiting for. Never blocks."""
        with self._lock:
            if self.stopping.is_set():
                return
            self.stopping.set()
        # Drivers may block while they close.
        try:
            BackgroundThread(self._close, f"closing {self.name}").start()
        except RuntimeError:  # the system gives no more threads
            self._close()

    def wait(self, limit_s: float | None = None) -> bool:
        """Wait for the run to end, up to a limit; return whether it has. A run that never started has ended."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_LIMIT_S if limit_s is None else limit_s)
        return not self._thread.is_alive()

    def _main(self) -> None:
        wait_for_previous(self.name, self._previous)
        self._previous = None
        try:
            self._function(self)
        finally:
            with self._lock:
                self._closer = None  # it holds the device, and the run is kept until the next one
            release_memory()

    def _close(self) -> None:
        """Close the resource until the thread ends: it may have been opened just after it was closed."""
        deadline_s = time.monotonic() + CLOSE_LIMIT_S
        while self._thread.is_alive() and time.monotonic() < deadline_s:
            with self._lock:
                closer = self._closer
            try:
                if closer is not None:
                    closer()
            except Exception:  # raised by a driver; the thread may end nevertheless
                logger.debug("%s: closing failed", self.name, exc_info=True)
            self._thread.join(CLOSE_AGAIN_S)
