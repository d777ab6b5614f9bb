"""The threads that do a request's blocking work, and the models that requests hold open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, Protocol, TypeVar

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


class Lendable(Protocol):
    """A vision service, or whatever else is loaded with its first loan and let go of with its last."""

    name: str

    def open(self) -> None:
        """Take it out on loan."""

    def close(self) -> None:
        """Give one loan back."""


class Loans:
    """Models that requests use: opened with the first, given back when none has come for a while.

    Args:
        workers: Where models are loaded and let go.
        linger_s: How long a model stays after its last request.
    """

    def __init__(self, workers: Workers, linger_s: float = 10.0) -> None:
        self._workers = workers
        self._linger_s = linger_s
        self._users: dict[str, int] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._open: dict[str, Lendable] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @asynccontextmanager
    async def use(self, service: Lendable) -> AsyncIterator[None]:
        """Hold a model open while the block runs, and a while longer.

        Raises:
            ModelError: when it cannot be loaded.
        """
        name = service.name
        self._users[name] = self._users.get(name, 0) + 1
        try:
            async with self._locks.setdefault(name, asyncio.Lock()):
                if name not in self._open:
                    await self._workers.run(service.open)
                    self._open[name] = service
            yield
        finally:
            self._users[name] -= 1
            if name in self._open and not self._users[name]:
                self._set_timer(name)

    def _set_timer(self, name: str) -> None:
        if name in self._timers:
            self._timers.pop(name).cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(self._linger_s, self._give_back, name)

    def _give_back(self, name: str) -> None:
        self._timers.pop(name, None)
        if not self._users[name] and name in self._open:
            _let_go(self._open.pop(name))

    def close(self) -> None:
        """Give back everything."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for service in self._open.values():
            _let_go(service)
        self._open.clear()


def _let_go(service: Lendable) -> None:
    """Give a model back on a thread of its own: it waits for what the model is doing."""
    on_thread("api-model", service.close)
