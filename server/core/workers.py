"""Threads for the blocking work of requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from .errors import Unavailable
from .threads import on_thread

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """A few threads, and a queue of limited length for requests that wait for one.

    Each call gets a thread of its own. The process does not wait for the thread when it ends: it may be stuck in a
    model or a driver.

    Args:
        name: Name of the threads.
        threads: Most calls at once.
        waiting: Most calls that wait; further ones are refused.
    """

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._name = name
        self._turns = asyncio.Semaphore(threads)
        self._places = threads + waiting
        self._working: set[asyncio.Future[Any]] = set()
        self._closed = False

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function on a thread and return its result.

        Raises:
            Unavailable: Too many calls are waiting, no thread is available, or the server is closing.
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
            raise Unavailable("this machine has no thread left for another request") from None
        except BaseException:
            self._free()
            raise
        # The place is free when the thread ends, which may be after the request was cancelled.
        self._working.add(work)
        work.add_done_callback(self._free)
        return await asyncio.shield(work)

    def close(self) -> None:
        """Refuse further and waiting calls; do not wait for calls in progress."""
        self._closed = True
        for work in list(self._working):
            if not work.done():
                work.set_exception(Unavailable("the server is closing"))
                work.exception()  # marks it as retrieved: the caller may no longer await it

    def _free(self, work: asyncio.Future[Any] | None = None) -> None:
        if work is not None:
            self._working.discard(work)
        self._places += 1
        self._turns.release()


class Shares:
    """Threads of which every owner, such as a camera, has its own share: one that hangs takes none from the others.

    Args:
        name: Name of the threads.
        threads: Most calls of one owner at once; further ones are refused.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._threads = threads
        self._owners: dict[str, Workers] = {}
        self._closed = False

    async def run(self, owner: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function on one of its owner's threads and return its result.

        Raises:
            Unavailable: As :meth:`Workers.run`.
        """
        if self._closed:
            raise Unavailable("the server is closing")
        workers = self._owners.get(owner)
        if workers is None:
            workers = self._owners[owner] = Workers(self._name, self._threads, 0)
        return await workers.run(function, *args, **kwargs)

    def close(self) -> None:
        """Refuse further calls; do not wait for calls in progress."""
        self._closed = True
        for workers in self._owners.values():
            workers.close()
