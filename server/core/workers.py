"""The threads that do a request's blocking work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from .errors import Unavailable
from .threads import on_thread

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """A few threads, and a limited number of requests that may wait for one.

    Each piece of work gets a thread of its own, which the process does not wait for at its end: one that is stuck in a
    model or a driver is left behind.

    Args:
        name: What the threads are called.
        threads: How many work at once.
        waiting: How many more may wait; the next is refused.
    """

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._name = name
        self._turns = asyncio.Semaphore(threads)
        self._places = threads + waiting
        self._working: set[asyncio.Future[Any]] = set()
        self._closed = False

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function on one of the threads and return what it gives.

        Raises:
            Unavailable: when too many wait already, no thread is to be had, or the server is closing.
        """
        if self._closed:
            raise Unavailable("the server is closing")
        if self._places == 0:
            raise Unavailable("too many requests are waiting; try again shortly")
        self._places -= 1
        try:
            await self._turns.acquire()
        except BaseException:
            self._places += 1
            raise
        try:
            if self._closed:
                raise Unavailable("the server is closing")
            work = on_thread(self._name, lambda: function(*args, **kwargs))
        except RuntimeError:
            self._free()
            raise Unavailable("this machine has no thread left for one more request") from None
        except BaseException:
            self._free()
            raise
        # Free when the thread is done, which may be after the one who asked has gone.
        self._working.add(work)
        work.add_done_callback(self._free)
        return await asyncio.shield(work)

    def close(self) -> None:
        """Take no more work, and have those who wait refused: what is being done is left behind."""
        self._closed = True
        for work in list(self._working):
            if not work.done():
                work.set_exception(Unavailable("the server is closing"))
                work.exception()  # whoever asked may have gone; then nobody looks at it

    def _free(self, work: asyncio.Future[Any] | None = None) -> None:
        if work is not None:
            self._working.discard(work)
        self._places += 1
        self._turns.release()
