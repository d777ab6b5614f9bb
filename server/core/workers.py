"""Threads for the blocking work of requests."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any, ParamSpec, TypeVar

from .requests import Unavailable
from .threads import on_thread

P = ParamSpec("P")
T = TypeVar("T")


IDLE_S = 5.0
"""How long there is no call before ``when_idle`` is called."""
PATIENCE_S = 1.0
"""How long a call keeps others waiting. After that it mostly waits itself, for a model, and another one may start."""


class Workers:
    """A few threads, and a queue of limited length for requests that wait for one.

    Each call gets a thread of its own. The process does not wait for the thread when it ends: it may be stuck in a
    model or a driver. Calls for one subject (a vision service, a camera) can take a share of the threads and of the
    queue only, so a subject that hangs does not delay the others.

    Args:
        name: Name of the threads.
        threads: Most calls at once, not counting those that have taken longer than ``PATIENCE_S``.
        waiting: Most calls that wait; further ones are refused.
        share: Most calls for one subject, waiting or not; ``None`` allows as many as there are.
        when_idle: Called on a thread when there has been no call for ``IDLE_S`` after the last one.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        waiting: int,
        share: int | None = None,
        when_idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._name = name
        self._threads = threads
        self._turns = asyncio.Semaphore(threads)
        self._places = threads + waiting
        self._share = self._places if share is None else share
        self._subjects: Counter[Hashable] = Counter()
        self._subject_turns: dict[Hashable, asyncio.Semaphore] = {}
        self._working: set[asyncio.Future[Any]] = set()
        self._when_idle = when_idle
        self._idle_timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function on a thread and return its result.

        Raises:
            Unavailable: Too many calls are waiting, no thread is available, or the server is closing.
        """
        return await self._run(object(), lambda: function(*args, **kwargs))

    async def run_for(self, subject: Hashable, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function as :meth:`run` does, within the share of its subject.

        Raises:
            Unavailable: Too many calls are waiting, in all or for this subject, no thread is available, or the server
                is closing.
        """
        return await self._run(subject, lambda: function(*args, **kwargs))

    async def _run(self, subject: Hashable, function: Callable[[], T]) -> T:
        if self._closed:
            raise Unavailable("the server is closing")
        if self._places == 0 or self._subjects[subject] >= self._share:
            raise Unavailable("too many requests are waiting; try again shortly")
        self._places -= 1
        self._subjects[subject] += 1
        self._cancel_idle()
        place = _Place(self, subject)
        try:
            await place.take_turn()
            if self._closed:
                raise Unavailable("the server is closing")
            work = on_thread(self._name, function)
        except RuntimeError:
            place.leave()
            raise Unavailable("this machine has no thread left for another request") from None
        except BaseException:
            place.leave()
            raise
        place.working()
        # The place is free when the thread ends, which may be after the request was cancelled.
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        work.add_done_callback(lambda _: place.leave())
        try:
            return await asyncio.shield(work)
        finally:
            del work  # the traceback of its error leads back here, and would hold the pictures of a request in a circle

    def close(self) -> None:
        """Refuse further and waiting calls; do not wait for calls in progress."""
        self._closed = True
        self._cancel_idle()
        for work in list(self._working):
            if not work.done():
                work.set_exception(Unavailable("the server is closing"))
                work.exception()  # marks it as retrieved: the caller may no longer await it

    def _left(self, subject: Hashable) -> None:
        """Free the place of a call for a subject."""
        self._places += 1
        self._subjects[subject] -= 1
        if not self._subjects[subject]:
            del self._subjects[subject]
            self._subject_turns.pop(subject, None)
        if not self._subjects and not self._closed:
            self._idle_timer = asyncio.get_running_loop().call_later(IDLE_S, self._idle)

    def _idle(self) -> None:
        self._idle_timer = None
        with contextlib.suppress(RuntimeError):  # no thread is available now
            on_thread(self._name, self._when_idle)

    def _cancel_idle(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None


class _Place:
    """The place of one call in the queue, and its turn."""

    def __init__(self, workers: Workers, subject: Hashable) -> None:
        self._workers = workers
        self._subject = subject
        self._own = workers._subject_turns.setdefault(subject, asyncio.Semaphore(workers._threads))
        self._held: list[asyncio.Semaphore] = []
        self._timer: asyncio.TimerHandle | None = None

    async def take_turn(self) -> None:
        """Wait for a turn among the calls for this subject, then among all."""
        for turns in (self._own, self._workers._turns):
            await turns.acquire()
            self._held.append(turns)

    def working(self) -> None:
        """Let another call start if this one takes long."""
        self._timer = asyncio.get_running_loop().call_later(PATIENCE_S, self._give_way)

    def leave(self) -> None:
        """Give back everything."""
        if self._timer is not None:
            self._timer.cancel()
        while self._held:
            self._held.pop().release()
        self._workers._left(self._subject)

    def _give_way(self) -> None:
        """Give back the turn among all calls; the subject keeps its own, so that it cannot take more threads."""
        if self._workers._turns in self._held:
            self._held.remove(self._workers._turns)
            self._workers._turns.release()
