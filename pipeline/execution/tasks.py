"""What the graph runs, and the interface of the executor that runs it.

A unit that processes frames (a line of transforms, an encoder) is a :class:`FrameTask`. It never waits for its frames,
so an executor may share a few threads among many tasks; ``open``, which loads models, and ``process``, which runs them,
may take long. A unit that blocks (a camera) is a function that needs a thread of its own.

The constructor of ``Graph`` chooses the :class:`Executor`; feeds hand it to producers and encoders.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from cameras import Frame

from .decoding import DecodingShare

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S = 2.0
"""How long a run may take to end; after that it is abandoned, since a stuck driver may never return."""

RETRY_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses between attempts to open a unit, by failures in a row; the last pause repeats."""


def retry_pause_s(failures: int) -> float:
    """Return the pause after a number of failures in a row, at least 1."""
    return RETRY_PAUSES_S[min(failures, len(RETRY_PAUSES_S)) - 1]


class Frames(Protocol):
    """The input of a task: a slot or a watch."""

    def get(self, timeout_s: float | None = None) -> Frame:
        """Take the newest frame, waiting for it up to a limit; with 0, without waiting.

        Raises:
            TimeoutError: when there is none in time.
            SlotClosed: after the end.
        """

    def on_ready(self, callback: Callable[[], None]) -> None:
        """Call a function for each frame and at the end, and at once when one of them is already there.

        It is called on the thread that puts the frame or closes the input, and must not block.
        """

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
        name: Its name, also of its thread while it runs.
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

        Called again after each frame, and when its run is woken.
        """
        return None

    def idle(self) -> None:
        """Do the work that :meth:`due_in_s` announced; no frame has come."""

    @property
    def given_up_after_s(self) -> float | None:
        """After how long :meth:`runs_long` gives up what the task does now; ``None``: never, as by default."""
        return None

    def runs_long(self, seconds: float) -> bool:
        """Note that :meth:`process` or :meth:`idle` has not returned for so long; called again and again.

        It is called on another thread and must not block.

        Returns:
            Whether to give that call up: the next one begins although it has not returned, so that two are running. By
            default not.
        """
        return False

    def close(self) -> None:
        """Release what :meth:`open` acquired. Called once, also when :meth:`open` failed or was never called."""


class Run(Protocol):
    """One run of a unit, from its start to its end, as its owner sees it. Safe from any thread."""

    @property
    def name(self) -> str:
        """The name of the unit."""

    def stop(self) -> None:
        """Stop the run. Never blocks. A second call does nothing."""

    def wait(self, limit_s: float | None = None) -> bool:
        """Wait for the end, up to a limit, ``CLOSE_LIMIT_S`` by default; return whether it has ended."""


class TaskRun(Run, Protocol):
    """The run of a :class:`FrameTask`; stopping it closes the ``frames`` of the task."""

    def wake(self) -> None:
        """Ask :meth:`FrameTask.due_in_s` again soon: work may have become due. Never blocks."""


class BlockingRun(Run, Protocol):
    """The run of a function that blocks, as that function sees it.

    Attributes:
        stopping: Set once the function must return.
    """

    stopping: threading.Event

    def on_stop(self, closer: Callable[[], None]) -> None:
        """Register what interrupts the function, such as closing its device; call it now if it is already stopping.

        It may block, as drivers do, and is called perhaps several times, on another thread.
        """


class Executor(Protocol):
    """Runs units. All runs of one feed are from the same executor. Safe from any thread."""

    @property
    def decoding(self) -> DecodingShare:
        """The share of their pictures that sources should decode."""

    def start_task(self, task: FrameTask, previous: Run | None = None) -> TaskRun:
        """Run a task until its ``frames`` are closed.

        It is opened first, repeatedly until that works (:func:`retry_pause_s`), and closed at the end in any case.

        Args:
            task: The task; not running.
            previous: The previous run of the same unit; its end is awaited first, up to ``CLOSE_LIMIT_S``, since it
                must release its resources (a device, a loaded model).

        Raises:
            RuntimeError: when the system gives no more threads.
        """

    def start_thread(self, name: str, work: Callable[[BlockingRun], None], previous: Run | None = None) -> Run:
        """Run a function that blocks, on a thread of its own.

        Args:
            name: Name of the thread.
            work: Called with the run; must return soon after ``stopping`` is set and the closer of ``on_stop`` was
                called.
            previous: As for a task.

        Raises:
            RuntimeError: when the system gives no more threads.
        """


def wait_for_previous(name: str, previous: Run | None) -> None:
    """Wait for the end of the previous run of a unit, up to ``CLOSE_LIMIT_S``; then it is abandoned."""
    if previous is not None and not previous.wait():
        logger.warning("%s: the previous run does not end; it is abandoned", name)
