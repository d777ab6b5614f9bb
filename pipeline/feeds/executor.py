"""The executor of the graph: it runs each unit on a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from cameras import BackgroundThread, SlotClosed, Wakeup

from .clock import Clock
from .memory import release_memory
from .tasks import CLOSE_LIMIT_S, BlockingRun, FrameTask, Run, TaskRun, retry_pause_s

logger = logging.getLogger(__name__)

CLOSE_AGAIN_S = 0.2
"""Interval at which the resources of a stopped thread are closed again until it ends."""


class ThreadExecutor:
    """Runs each task and each blocking function on a thread of its own.

    Args:
        clock: Times the pauses between attempts to open a task.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def start_task(self, task: FrameTask, previous: Run | None = None) -> TaskRun:
        """Run a task until its ``frames`` are closed; see :class:`Executor`."""
        run = _TaskThread(task, self._clock, previous)
        run.start()
        return run

    def start_thread(self, name: str, work: Callable[[BlockingRun], None], previous: Run | None = None) -> Run:
        """Run a function that blocks; see :class:`Executor`."""
        run = _BlockingThread(name, work, previous)
        run.start()
        return run


class ThreadRun(ABC):
    """One run on a thread of its own. Safe from any thread.

    Attributes:
        name: Name of its thread.
        stopping: Set once the run must end.
    """

    def __init__(self, name: str, previous: Run | None) -> None:
        self.name = name
        self.stopping = threading.Event()
        self._previous = previous
        self._lock = threading.Lock()
        self._thread = BackgroundThread(self._main, name)

    def start(self) -> None:
        """Start the thread; do not wait until it runs.

        Raises:
            RuntimeError: when the system gives no more threads.
        """
        self._thread.start()

    def stop(self) -> None:
        """Stop the run and interrupt what it may be waiting for. Never blocks."""
        with self._lock:
            if self.stopping.is_set():
                return
            self.stopping.set()
        self._interrupt()

    def wait(self, limit_s: float | None = None) -> bool:
        """Wait for the run to end, up to a limit; return whether it has. A run that never started has ended."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_LIMIT_S if limit_s is None else limit_s)
        return not self._thread.is_alive()

    @abstractmethod
    def _work(self) -> None:
        """Do the work, until the run is stopped."""

    @abstractmethod
    def _interrupt(self) -> None:
        """Make the work return, now that ``stopping`` is set; must not block."""

    def _main(self) -> None:
        if self._previous is not None:
            if not self._previous.wait():
                logger.warning("%s: the previous thread does not end; it is abandoned", self.name)
            self._previous = None
        try:
            self._work()
        finally:
            release_memory()


class _TaskThread(ThreadRun):
    """Runs a task: waits until its input is ready or its idle work is due."""

    def __init__(self, task: FrameTask, clock: Clock, previous: Run | None) -> None:
        super().__init__(task.name, previous)
        self._task = task
        self._clock = clock
        self._wakeup = Wakeup()

    def wake(self) -> None:
        """Let the thread look at its input and ask what is due. Never blocks."""
        self._wakeup.set()

    def _interrupt(self) -> None:
        self._task.frames.close()

    def _work(self) -> None:
        try:
            if self._opened():
                self._process()
        finally:
            self._task.close()

    def _opened(self) -> bool:
        """Open the task, repeatedly until it works or the run stops; return whether it worked."""
        failures = 0
        while not self.stopping.is_set():
            try:
                self._task.open()
            except BaseException as error:  # model files and transforms of others may raise anything
                failures += 1
                self._task.failed_to_open(error)
                self._clock.pause(self.stopping, retry_pause_s(failures))
            else:
                return True
        return False

    def _process(self) -> None:
        task = self._task
        frames = task.frames
        frames.on_ready(self._wakeup.set)
        while True:
            self._wakeup.wait(task.due_in_s())
            try:
                frame = frames.get(0)
            except SlotClosed:
                return
            except TimeoutError:
                if task.due_in_s() == 0.0:
                    task.idle()
            else:
                task.process(frame)


class _BlockingThread(ThreadRun):
    """Runs a function that blocks; when stopped, it closes the function's resource until the thread ends."""

    def __init__(self, name: str, work: Callable[[BlockingRun], None], previous: Run | None) -> None:
        super().__init__(name, previous)
        self._function = work
        self._closer: Callable[[], None] | None = None

    def on_stop(self, closer: Callable[[], None]) -> None:
        """Register what closes the resource; call it now if the run is already stopping."""
        with self._lock:
            self._closer = closer
            stopping = self.stopping.is_set()
        if stopping:
            closer()

    def _work(self) -> None:
        self._function(self)

    def _interrupt(self) -> None:
        # Drivers may block while they close.
        try:
            BackgroundThread(self._close, f"closing {self.name}").start()
        except RuntimeError:  # the system gives no more threads
            self._close()

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
