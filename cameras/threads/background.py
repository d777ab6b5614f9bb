"""Threads that start without delaying the thread that starts them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class BackgroundThread(threading.Thread):
    """A daemon thread whose ``start`` does not wait until it runs.

    ``threading.Thread.start`` waits until the system has given the new thread a processor and the interpreter's lock.
    On a busy machine, that is tens of milliseconds, in which an event loop that starts a thread serves nobody.
    """

    def __init__(self, target: Callable[[], object], name: str) -> None:
        super().__init__(target=target, name=name, daemon=True)
        self._launched = False
        # ``start`` waits for this event of the base class, which the new thread sets.
        self._started = self._begun = _Begun()

    def start(self) -> None:
        """Start the thread, once.

        Raises:
            RuntimeError: It was started before, or the system gives no more threads.
        """
        if self._launched:
            raise RuntimeError("threads can only be started once")
        super().start()
        self._launched = True

    def run(self) -> None:
        """Call the function. For the thread only."""
        self._begun.set()  # where the base class has another event
        super().run()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end of the thread, up to a limit, also when it does not run yet."""
        if self._launched:
            began_s = time.monotonic()
            self._begun.wait_until_set(timeout)
            if timeout is not None:
                timeout = max(timeout - (time.monotonic() - began_s), 0.0)
            if not self._begun.is_set():
                return
        super().join(timeout)

    def is_alive(self) -> bool:
        """Return whether it was started and has not ended."""
        return (self._launched and not self._begun.is_set()) or super().is_alive()


class _Begun(threading.Event):
    """Set once a thread runs; ``wait`` does not wait for it."""

    def wait(self, timeout: float | None = None) -> bool:
        return True

    def wait_until_set(self, timeout: float | None) -> None:
        """Wait, up to a limit."""
        super().wait(timeout)
