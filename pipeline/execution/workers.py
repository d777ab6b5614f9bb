"""A few threads that run the jobs of many cameras, each job on one of them at a time."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from time import monotonic

from cameras import BackgroundThread, Wakeup, working_for

logger = logging.getLogger(__name__)

BLOCKED_S = 0.1
"""A job that takes longer holds no worker: another thread takes over its share of the work."""

LOOK_S = 0.1
"""Interval at which the jobs that take long are looked for."""

MADE_UP = 3
"""How many turns a job may be behind the others: about those of a second of overload.

Sources that leave out the ends of their groups of pictures give their frames in bursts. Without this, a camera whose
bursts meet those of many others would have fewer turns for good: 0.8 of the mean instead of 0.93, with 48 cameras.
"""

SATURATED, RELAXED = 0.9, 0.8
"""The share of the last second in which jobs waited, from which on the workers count as saturated, and no longer."""

NAME = "worker"
"""The name of a thread while it runs no job."""


class _Turn(Enum):
    """Where a job stands: it is not a member, has nothing to do, waits for a worker, runs, or runs with more to do."""

    OUT = 0
    RESTING = 1
    QUEUED = 2
    RUNNING = 3
    AGAIN = 4


class Job(ABC):
    """Work that comes in turns.

    Attributes:
        name: Its name, which its thread has while the job runs.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        # Guarded by the lock of the workers:
        self._turn = _Turn.OUT
        self._turns = 0

    @abstractmethod
    def run(self) -> None:
        """Do one turn of the work. Must not raise."""

    @property
    def given_up_after_s(self) -> float | None:
        """After how long :meth:`runs_long` gives up what the present turn does now; ``None``: never."""
        return None

    def runs_long(self, seconds: float) -> bool:
        """Note that the present turn has already taken so long; called again and again until it ends.

        Returns:
            Whether to give it up: the next turn begins although this one has not returned.
        """
        return False


class Workers:
    """Runs the jobs that are ready. Safe from any thread.

    Few jobs run at once; more threads than the machine has processors for would only take the interpreter's
    lock and the caches from each other.

    * A job that the running job makes ready goes before all others: a frame goes through its whole way, the lines
      chained on it and the encoder, before the next frame begins, and mostly on one thread.
    * Of all others, the one that had the fewest turns is next, so that each camera has as many as any other that needs
      them, whatever their order and rates. Of the turns that a job missed or did not need, ``MADE_UP`` are made up for.
    * A job that waits for what is computed elsewhere (``cameras.waiting``) does not stop the others: meanwhile another
      thread has its place.
    * Nor does one that blocks without saying so (a transform that hangs): after ``BLOCKED_S`` another thread takes its
      place.

    The threads exist while there are members.

    Args:
        number: How many jobs run at once.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._lock = threading.Lock()
        self._following: deque[Job] = deque()
        self._queue: list[tuple[int, int, Job]] = []
        self._order = itertools.count()
        self._served = 0
        self._members = 0
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._blocked = 0
        self._looking: threading.Event | None = None
        self._waiting_share = 0.0
        self._saturated = False
        self._mine = threading.local()

    @property
    def saturated(self) -> bool:
        """Whether jobs have waited for a worker all the time in the last second or two."""
        return self._saturated

    def enter(self, job: Job) -> None:
        """Take a job on; from now on :meth:`ready` has it run.

        Raises:
            RuntimeError: when the system gives no more threads, and there are none yet.
        """
        with self._lock:
            if not self._workers:
                self._start_worker()
            if self._looking is None:
                over = threading.Event()
                BackgroundThread(lambda: self._look_until(over), "worker watch").start()
                self._looking = over
                self._waiting_share, self._saturated = 0.0, False
            job._turn = _Turn.RESTING
            self._members += 1

    def leave(self, job: Job) -> bool:
        """Forget a job: it does not run again. Return whether it was a member."""
        with self._lock:
            if job._turn is _Turn.OUT:
                return False
            if job._turn is _Turn.QUEUED:
                self._forget(job)
            job._turn = _Turn.OUT
            self._members -= 1
            if self.is_mine(job):
                threading.current_thread().name = NAME
            if self._members:
                return True
            idle, self._idle = self._idle, []
            for worker in idle:
                worker.wakeup.set()
            if self._looking is not None:
                self._looking.set()
                self._looking = None
            return True

    def ready(self, job: Job) -> None:
        """Have a member run soon, once; if it is running, once more after that. Never blocks."""
        worker: _Worker | None = getattr(self._mine, "worker", None)
        with self._lock:
            if job._turn is _Turn.RUNNING:
                job._turn = _Turn.AGAIN
            elif job._turn is _Turn.RESTING:
                job._turn = _Turn.QUEUED
                if worker is None:
                    self._line_up(job)
                    self._call_worker()
                    return
                self._following.appendleft(job)
                if worker.follows:  # the first that follows runs on this thread, where its frame is in the caches
                    self._call_worker()
                worker.follows = True

    def is_mine(self, job: Job) -> bool:
        """Return whether the job runs on the calling thread."""
        worker: _Worker | None = getattr(self._mine, "worker", None)
        return worker is not None and worker.job is job

    @property
    def _active(self) -> int:
        """The number of workers that have a place: neither idle nor blocked. Needs the lock."""
        return len(self._workers) - self._blocked - len(self._idle)

    @property
    def _has_work(self) -> bool:
        return bool(self._queue or self._following)

    def _line_up(self, job: Job) -> None:
        """Add a job to those that wait: before those that had more turns, behind those that had as many."""
        job._turns = max(job._turns + 1, self._served - MADE_UP)
        heapq.heappush(self._queue, (job._turns, next(self._order), job))

    def _taken(self) -> Job:
        """Take the job whose turn is next."""
        if self._following:
            return self._following.popleft()
        turns, _, job = heapq.heappop(self._queue)
        self._served = max(self._served, turns)
        return job

    def _forget(self, job: Job) -> None:
        if job in self._following:
            self._following.remove(job)
        else:
            self._queue = [entry for entry in self._queue if entry[2] is not job]
            heapq.heapify(self._queue)

    def _call_worker(self) -> None:
        """Wake a worker, or start one if there may be more. Needs the lock."""
        if self._active >= self.number:
            return
        if self._idle:
            self._idle.pop().wakeup.set()
        else:
            try:
                self._start_worker()
            except RuntimeError:  # the system gives no more threads: the others will come to it
                logger.debug("no thread can be started for the queue", exc_info=True)

    def _start_worker(self) -> None:
        worker = _Worker()
        thread = BackgroundThread(lambda: self._work(worker), NAME)
        thread.start()
        self._workers.add(worker)

    def _work(self, worker: _Worker) -> None:
        self._mine.worker = worker
        with working_for(_Place(worker, self._given_away)):
            self._run_jobs(worker)

    def _run_jobs(self, worker: _Worker) -> None:
        thread = threading.current_thread()
        while True:
            job = self._next(worker)
            if job is None:
                thread.name = NAME
                if not self._waits(worker):
                    return
                worker.wakeup.wait()
                continue
            thread.name = job.name
            try:
                job.run()
            except BaseException:  # a bug in a job must not cost the others their thread
                logger.exception("%s: a turn failed", job.name)

    def _next(self, worker: _Worker) -> Job | None:
        """End the turn of a worker, and return the job of its next one; ``None`` when there is nothing to do."""
        with self._lock:
            self._end_turn(worker)
            if not self._has_work or self._active > self.number:
                return None
            worker.job = job = self._taken()
            job._turn = _Turn.RUNNING
            worker.since_s = worker.busy_since_s = monotonic()
            if self._has_work and self._idle:
                self._call_worker()
            return job

    def _end_turn(self, worker: _Worker) -> None:
        job, worker.job = worker.job, None
        self._unblock(worker)
        worker.wait = None
        worker.follows = False
        if job is None:
            return
        if job._turn is _Turn.AGAIN:
            job._turn = _Turn.QUEUED
            self._line_up(job)
        elif job._turn is _Turn.RUNNING:
            job._turn = _Turn.RESTING

    def _waits(self, worker: _Worker) -> bool:
        """Put a worker aside until there is something to do; return whether it is still needed."""
        with self._lock:
            if self._has_work and self._active <= self.number:  # it came meanwhile
                worker.wakeup.set()
            elif self._members and len(self._idle) < self.number:
                self._idle.append(worker)
            else:
                self._workers.discard(worker)
                return False
            return True

    def _look_until(self, over: threading.Event) -> None:
        """Look for jobs that take long, again and again."""
        while not over.wait(LOOK_S):
            for job, since_s, took_s in self._long():
                if job.runs_long(took_s):
                    self._give_up(job, since_s)

    def _long(self) -> list[tuple[Job, float, float]]:
        """Return the jobs that take long, when their turn began and its time so far; give their places to others."""
        with self._lock:
            self._is_saturated(waiting=self._has_work)
            now_s = monotonic()
            long = []
            for worker in self._workers:
                if worker.job is None or (took_s := now_s - worker.since_s) < BLOCKED_S:
                    continue
                long.append((worker.job, worker.since_s, took_s))
                if now_s - worker.busy_since_s >= BLOCKED_S:
                    self._block(worker)
            if self._has_work:
                self._call_worker()
            return long

    def _give_up(self, job: Job, since_s: float) -> None:
        """Have a job run again although its turn has not returned; the thread ends its turn for nobody.

        Args:
            job: The job.
            since_s: When that turn began.
        """
        with self._lock:
            worker = next((each for each in self._workers if each.job is job and each.since_s == since_s), None)
            if worker is None:  # it has just returned
                return
            worker.job = None
            if job._turn in (_Turn.RUNNING, _Turn.AGAIN):
                job._turn = _Turn.QUEUED
                self._line_up(job)
                self._call_worker()

    def _is_saturated(self, *, waiting: bool) -> bool:
        """Note whether jobs wait now, a tenth of a second after the last time; return whether they always do."""
        self._waiting_share += (waiting - self._waiting_share) * LOOK_S
        self._saturated = self._waiting_share > (RELAXED if self._saturated else SATURATED)
        return self._saturated

    @contextmanager
    def _given_away(self, worker: _Worker) -> Iterator[None]:
        """Give the place of a worker to another thread for the length of a block, which its job runs or waits for."""
        wait = object()
        with self._lock:
            if worker.wait is None and worker.job is not None:
                worker.wait = wait
                self._block(worker)
                if self._has_work:
                    self._call_worker()
        try:
            yield
        finally:
            with self._lock:
                if worker.wait is wait:  # otherwise it is nested in another, or its turn has ended without it
                    worker.wait = None
                    worker.busy_since_s = monotonic()
                    self._unblock(worker)

    def _block(self, worker: _Worker) -> None:
        if not worker.blocked:
            worker.blocked = True
            self._blocked += 1

    def _unblock(self, worker: _Worker) -> None:
        if worker.blocked:
            worker.blocked = False
            self._blocked -= 1


class _Place:
    """The place of a worker, for what its job runs."""

    def __init__(self, worker: _Worker, given_away: Callable[[_Worker], AbstractContextManager[None]]) -> None:
        self._worker = worker
        self._given_away = given_away

    @property
    def given_up_after_s(self) -> float | None:
        job = self._worker.job
        return None if job is None else job.given_up_after_s

    def given_away(self) -> AbstractContextManager[None]:
        return self._given_away(self._worker)


class _Worker:
    """One thread.

    Attributes:
        wakeup: Wakes it when there may be something to do.
        job: The job whose turn it runs.
        since_s: When that turn began.
        busy_since_s: When it began, or went on after a wait.
        follows: Whether that turn has made another job ready.
        blocked: Whether another thread has the worker's place, because that turn waits or takes long.
        wait: Identifies the wait of that turn, the outermost one, while it waits.
    """

    def __init__(self) -> None:
        self.wakeup = Wakeup()
        self.job: Job | None = None
        self.since_s = self.busy_since_s = 0.0
        self.follows = False
        self.blocked = False
        self.wait: object = None
