"""The executor of the graph: a few workers for all tasks, and a thread for each function that blocks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from cameras import BackgroundThread, SlotClosed, available_cores

from .blocking import ThreadRun
from .clock import Clock, Timer
from .decoding import DecodingShare
from .memory import release_memory
from .tasks import CLOSE_LIMIT_S, BlockingRun, FrameTask, Run, TaskRun, retry_pause_s, wait_for_previous
from .workers import Job, Workers

logger = logging.getLogger(__name__)


class WorkerExecutor:
    """Runs all tasks on a few worker threads, and each blocking function on a thread of its own.

    Opening and closing a task may take long (models are loaded, drivers wait): a thread of the run does that, which
    exists for so long only.

    Args:
        clock: Times the pauses between attempts to open a task and what is due.
        workers: How many tasks process a frame at once; by default as many as there are processors. With one more,
            two cores gave as many frames, but later, since the workers took the interpreter's lock from each other.

    Attributes:
        decoding: The share of their pictures that sources should decode, lower while tasks wait for a worker.
    """

    def __init__(self, clock: Clock, workers: int | None = None) -> None:
        self._clock = clock
        self._workers = Workers(workers or available_cores())
        self.decoding = DecodingShare(clock.monotonic, lambda: self._workers.saturated)

    def start_task(self, task: FrameTask, previous: Run | None = None) -> TaskRun:
        """Run a task until its ``frames`` are closed; see :class:`Executor`."""
        run = _TaskRun(task, self._workers, self._clock, previous)
        run.start()
        return run

    def start_thread(self, name: str, work: Callable[[BlockingRun], None], previous: Run | None = None) -> Run:
        """Run a function that blocks; see :class:`Executor`."""
        run = ThreadRun(name, work, previous)
        run.start()
        return run


class _TaskRun(Job):
    """The run of a task: opened on a thread of its own, then a job of the workers, then closed on such a thread."""

    def __init__(self, task: FrameTask, workers: Workers, clock: Clock, previous: Run | None) -> None:
        super().__init__(task.name)
        self._task = task
        self._workers = workers
        self._clock = clock
        self._previous = previous
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._due_at_s: float | None = None
        self._timer: Timer | None = None
        self._thread = BackgroundThread(self._begin, task.name)

    def start(self) -> None:
        """Start to open the task; do not wait until its thread runs.

        Raises:
            RuntimeError: when the system gives no more threads.
        """
        self._thread.start()

    def stop(self) -> None:
        """Stop the run: close its frames, which a worker then notices. Never blocks."""
        self._stopping.set()
        self._task.frames.close()

    def wake(self) -> None:
        """Let a worker look at the input and ask what is due. Never blocks."""
        self._workers.ready(self)

    def wait(self, limit_s: float | None = None) -> bool:
        """Wait for the end, up to a limit; return whether it has ended. On a thread of the run itself: do not wait."""
        if not self._workers.is_mine(self) and self._thread is not threading.current_thread():
            limit_s = CLOSE_LIMIT_S if limit_s is None else limit_s
            if self._ended.wait(limit_s):
                self._thread.join(limit_s)
        return self._ended.is_set()

    def run(self) -> None:
        """Process the newest frame, or do what is due."""
        try:
            ended = self._ends_after_turn()
        except BaseException:  # a bug; the task may be in any state
            logger.exception("%s: ended by an error", self.name)
            ended = True
        if ended:
            self._end()

    @property
    def given_up_after_s(self) -> float | None:
        """What the task says."""
        return self._task.given_up_after_s

    def runs_long(self, seconds: float) -> bool:
        """Ask the task whether to give up the turn."""
        return self._task.runs_long(seconds)

    def _begin(self) -> None:
        wait_for_previous(self.name, self._previous)
        self._previous = None
        try:
            if self._opened():
                self._workers.enter(self)
                self._task.frames.on_ready(self.wake)
                self.wake()  # something may be due
                return
        except RuntimeError:  # there is no thread for a worker
            logger.exception("%s: cannot run", self.name)
        self._close()

    def _opened(self) -> bool:
        """Open the task, repeatedly until it works or the run stops; return whether it worked."""
        failures = 0
        while not self._stopping.is_set():
            try:
                self._task.open()
            except BaseException as error:  # model files and transforms of others may raise anything
                failures += 1
                self._task.failed_to_open(error)
                self._clock.pause(self._stopping, retry_pause_s(failures))
            else:
                return True
        return False

    def _ends_after_turn(self) -> bool:
        task = self._task
        try:
            frame = task.frames.get(0)
        except SlotClosed:
            return True
        except TimeoutError:
            if task.due_in_s() == 0.0:
                task.idle()
        else:
            task.process(frame)
        due_s = task.due_in_s()
        if due_s == 0.0:
            self.wake()
        elif due_s is not None:
            self._wake_in(due_s)
        return False

    def _wake_in(self, seconds: float) -> None:
        """Have :meth:`wake` called, unless it will be called early enough."""
        at_s = self._clock.monotonic() + seconds
        if self._due_at_s is not None and self._due_at_s <= at_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due_at_s = at_s
        self._timer = self._clock.call_later(seconds, self._come_due)

    def _come_due(self) -> None:
        self._due_at_s = None
        self.wake()

    def _end(self) -> None:
        """Leave the workers, and close the task where that may take its time."""
        if not self._workers.leave(self):
            return  # a turn that was given up has ended too
        if self._timer is not None:
            self._timer.cancel()
        before, self._thread = self._thread, BackgroundThread(self._close, self.name)
        try:
            self._thread.start()
        except RuntimeError:  # the system gives no more threads
            self._thread = before
            self._close()

    def _close(self) -> None:
        try:
            self._task.close()
        finally:
            release_memory()
            self._ended.set()
