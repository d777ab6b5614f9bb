"""What runs the units of the graph: a thread each.

A unit that blocks (a camera) is started with :func:`start_thread`. One that works on frames (a line of transforms, an
encoder) is a :class:`FrameTask`, started with :func:`start_task`: it does not fetch its frames, so that another
executor may share a few threads among many of them. It may take long in ``open``, which loads models, and in
``process``, which runs them.
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
"""How long a thread may take to end; after that it is left behind, for a stuck driver is cut off, not waited for."""

CLOSE_AGAIN_S = 0.2
"""A thread that is still there after it was stopped has its resources closed again, this often."""

RETRY_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses before what failed to open is tried again, growing with each failure in a row; the last one stays."""


def retry_pause_s(failures: int) -> float:
    """Return the pause after so many failures in a row, from 1."""
    return RETRY_PAUSES_S[min(failures, len(RETRY_PAUSES_S)) - 1]


class Run:
    """One life of a unit, from its start until it has ended. Safe from any thread.

    Attributes:
        name: Of its thread.
        stopping: Set once it is to end.
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
        """Begin.

        Raises:
            RuntimeError: when the machine gives no more threads.
        """
        self._thread.start()

    def on_stop(self, closer: Callable[[], None], *, blocks: bool = True) -> None:
        """Have something closed when the run is to stop, perhaps twice; now if it is already.

        Args:
            closer: Closes it.
            blocks: Whether that may take long, as a driver's closing may: then a thread of its own does it.
        """
        with self._lock:
            self._closer, self._closer_blocks = closer, blocks
            stopping = self.stopping.is_set()
        if stopping:
            closer()

    def stop(self) -> None:
        """Have the run end, and close what it may be waiting for. Never waits, whatever the closing does."""
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
        except RuntimeError:  # no more threads are to be had
            self._close()

    def wait(self, limit_s: float | None = None) -> bool:
        """Wait for the run to end, up to a limit; return whether it did. One that was never started has ended."""
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_LIMIT_S if limit_s is None else limit_s)
        return not self._thread.is_alive()

    def _close(self) -> None:
        """Close what the thread waits for until it ends: what was closed just before it was opened is open now."""
        deadline_s = time.monotonic() + CLOSE_LIMIT_S
        while self._thread.is_alive() and time.monotonic() < deadline_s:
            with self._lock:
                closer = self._closer
            try:
                if closer is not None:
                    closer()
            except Exception:  # a driver's; the thread may end all the same
                logger.debug("%s: closing failed", self.name, exc_info=True)
            self._thread.join(CLOSE_AGAIN_S)

    def _main(self) -> None:
        # One life at a time: what the one before holds (a device, a loaded model) must be free first.
        if self._previous is not None:
            if not self._previous.wait():
                logger.warning("%s: the thread before does not end; it is left behind", self.name)
            self._previous = None
        try:
            self._work(self)
        finally:
            release_memory()


class Frames(Protocol):
    """Where a task's frames come from: a slot, or a watch."""

    def get(self, timeout_s: float | None = None) -> Frame:
        """Wait for the newest frame; ``TimeoutError`` when none came in time, ``SlotClosed`` after the end."""

    def close(self) -> None:
        """End it, from any thread, without waiting. Harmless twice."""


class FrameTask:
    """Work on the newest frame, one at a time, whoever calls it; only one thread does at any moment.

    Attributes:
        name: What it is called in lists of threads.
        frames: Where its frames come from. Closing it ends the task.
    """

    name: str
    frames: Frames

    def open(self) -> None:
        """Get what :meth:`process` needs; nothing by default. An error is reported and it is tried again."""

    def failed_to_open(self, error: BaseException) -> None:
        """Report that :meth:`open` failed."""

    def process(self, frame: Frame) -> None:
        """Work on a frame. Must not raise: an error ends the task."""
        raise NotImplementedError

    def due_in_s(self) -> float | None:
        """Return after how many seconds :meth:`idle` is to be called if no frame comes; ``None``: never.

        Asked anew after each frame, and when ``frames`` is woken.
        """
        return None

    def idle(self) -> None:
        """Do what was due, no frame having come."""

    def close(self) -> None:
        """Let go of what :meth:`open` got. Called once, also when :meth:`open` failed or was never called."""


def start_thread(name: str, work: Callable[[Run], None], previous: Run | None = None) -> Run:
    """Run something that blocks, on a thread of its own.

    Args:
        name: Of the thread.
        work: Called with the run; returns soon after ``stopping`` is set and what ``on_stop`` was given is closed.
        previous: The life before, which must have ended first, within a limit.

    Raises:
        RuntimeError: when the machine gives no more threads.
    """
    run = Run(name, work, previous)
    run.start()
    return run


def start_task(task: FrameTask, clock: Clock | None = None, previous: Run | None = None) -> Run:
    """Run a task until its ``frames`` are closed; stopping the run closes them.

    Args:
        task: What is run.
        clock: Times the pauses between tries to open it; the real time by default.
        previous: The life before, which must have ended first, within a limit.

    Raises:
        RuntimeError: when the machine gives no more threads.
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
    """Open a task, again and again until it works or the run is to stop; return whether it worked."""
    failures = 0
    while not run.stopping.is_set():
        try:
            task.open()
        except BaseException as error:  # whatever a model file or a foreign transform does
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
