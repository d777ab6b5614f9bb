"""The executor of the graph: it runs each unit on a thread of its own.

:func:`start_thread` starts a unit that blocks (a camera). A unit that processes frames (a line of transforms, an
encoder) is a :class:`FrameTask`, started with :func:`start_task`: it does not fetch its frames, so that another
executor could share a few threads among many tasks. ``open``, which loads models, and ``process``, which runs them,
may take long.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from cameras import Frame, SlotClosed

from .clock import Clock, SystemClock
from .memory import release_memory

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S = 2.0
"""How long a thread may take to end; after that it is abandoned, since a stuck driver may never return."""

CLOSE_AGAIN_S = 0.2
"""Interval at which the resources of a stopped thread are closed again until it ends."""

RETRY_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses between attempts to open a unit, by failures in a row; the last pause repeats."""


def retry_pause_s(failures: int) -> float:
    """Return the pause after a number of failures in a row, at least 1."""
    return RETRY_PAUSES_S[min(failures, len(RETRY_PAUSES_S)) - 1]


class Run:
    """One run of a unit, from its start to its end. Safe from any thread.

    Attributes:
        name: Name of its thread.
        stopping: Set once the run must end.
    """

    def __init__(self, name: str, work: Callable[[Run], None], previous: Run | None) -> None:
        self.name = name
        self.stopping = threading.Event()
        self._previous = previous
        self._work = work
        self._closer: Callable[[], None] | None = None
        self._closer_blocks = True
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: when the system gives no more threads.
        """
        self._thread.start()

    def on_stop(self, closer: Callable[[], None], *, blocks: bool = True) -> None:
        """Register what closes the run's resource when it stops, perhaps twice; call it now if it is already stopping.

        Args:
            closer: Closes the resource.
            blocks: Whether it may take long, as with a driver: then it runs on a thread of its own.
        """
        with self._lock:
            self._closer, self._closer_blocks = closer, blocks
            stopping = self.stopping.is_set()
        if stopping:
            closer()

    def stop(self) -> None:
        """Stop the run and close the resource it may be waiting for. Never blocks, even if closing does."""
        with self._lock:
            if self.stopping.is_set():
                return
            self.stopping.set()
            closer = None if self._closer_blocks else self._closer
        if closer is not None:
            closer()
            return
        try:
            threading.Thread(target=self._close, name=f"closing {self.name}", daemon=True).start()
        except RuntimeError:  # the system gives no more threads
            self._close()

    def wait(self, limit_s: float | None = None) -> bool:
        """Wait for the run to end, up to a limit; return whether it has. A run that never started has ended."""
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_LIMIT_S if limit_s is None else limit_s)
        return not self._thread.is_alive()

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

    def _main(self) -> None:
        # One run at a time: the previous one must first release its resources (a device, a loaded model).
        if self._previous is not None:
            if not self._previous.wait():
                logger.warning("%s: the previous thread does not end; it is abandoned", self.name)
            self._previous = None
        try:
            self._work(self)
        finally:
            release_memory()


class Frames(Protocol):
    """The input of a task: a slot or a watch."""

    def get(self, timeout_s: float | None = None) -> Frame:
        """Wait for the newest frame; raise ``TimeoutError`` when none comes in time, ``SlotClosed`` after the end."""

    def close(self) -> None:
        """Close it, from any thread, without waiting. A second call does nothing."""


class FrameTask:
    """A unit that processes the newest frame, one at a time, on one thread at a time.

    ::

        class PrintSizes(FrameTask):
            name = "sizes"

            def __init__(self, frames):
                self.frames = frames

            def process(self, frame):
                print(frame.width, frame.height)

    Attributes:
        name: Name of its thread.
        frames: Its input. Closing it ends the task.
    """

    name: str
    frames: Frames

    def open(self) -> None:
        """Acquire what :meth:`process` needs; nothing by default. An error is reported and ``open`` is called again."""

    def failed_to_open(self, error: BaseException) -> None:
        """Report that :meth:`open` failed; does nothing by default."""

    def process(self, frame: Frame) -> None:
        """Process a frame. Must not raise: an error ends the task."""
        raise NotImplementedError

    def due_in_s(self) -> float | None:
        """Return after how many seconds without a frame :meth:`idle` is called; ``None``: never.

        Called again after each frame, and when ``frames`` is woken.
        """
        return None

    def idle(self) -> None:
        """Do the work that :meth:`due_in_s` announced; no frame has come."""

    def close(self) -> None:
        """Release what :meth:`open` acquired. Called once, also when :meth:`open` failed or was never called."""


def start_thread(name: str, work: Callable[[Run], None], previous: Run | None = None) -> Run:
    """Run a function that blocks on a thread of its own.

    Args:
        name: Name of the thread.
        work: Called with the run; must return soon after ``stopping`` is set and the closer of ``on_stop`` was called.
        previous: The previous run; its end is awaited first, up to a limit.

    Raises:
        RuntimeError: when the system gives no more threads.
    """
    run = Run(name, work, previous)
    run.start()
    return run


def start_task(task: FrameTask, clock: Clock | None = None, previous: Run | None = None) -> Run:
    """Run a task until its ``frames`` are closed; stopping the run closes them.

    Args:
        task: The task.
        clock: Times the pauses between attempts to open it; the real time by default.
        previous: The previous run; its end is awaited first, up to a limit.

    Raises:
        RuntimeError: when the system gives no more threads.
    """

    def work(run: Run) -> None:
        run.on_stop(task.frames.close, blocks=False)
        try:
            if _opened(task, run, clock or SystemClock()):
                _process(task)
        finally:
            task.close()

    return start_thread(task.name, work, previous)


def _opened(task: FrameTask, run: Run, clock: Clock) -> bool:
    """Open a task, repeatedly until it works or the run stops; return whether it worked."""
    failures = 0
    while not run.stopping.is_set():
        try:
            task.open()
        except BaseException as error:  # model files and transforms of others may raise anything
            failures += 1
            task.failed_to_open(error)
            clock.pause(run.stopping, retry_pause_s(failures))
        else:
            return True
    return False


def _process(task: FrameTask) -> None:
    while True:
        try:
            frame = task.frames.get(task.due_in_s())
        except SlotClosed:
            return
        except TimeoutError:
            if task.due_in_s() == 0.0:
                task.idle()
        else:
            task.process(frame)
