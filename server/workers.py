"""The threads that do for a request what the event loop must not, and the models they have on loan."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from vision import VisionService

from .problems import unavailable

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """A few threads, and a limited number of requests that may wait for one.

    Args:
        name: What the threads are called.
        threads: How many work at once.
        waiting: How many more may wait; the next is refused.
    """

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = threading.BoundedSemaphore(threads + waiting)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function on one of the threads and return what it gives.

        Raises:
            Problem: 503 when too many wait already, or the server is closing.
        """
        if not self._free.acquire(blocking=False):
            raise unavailable("too many requests are waiting; try again shortly")
        try:
            work = self._pool.submit(function, *args, **kwargs)
        except RuntimeError:
            self._free.release()
            raise unavailable("the server is closing") from None
        # Freed when the thread is done, which may be after the one who asked has gone.
        work.add_done_callback(lambda _: self._free.release())
        return await asyncio.wrap_future(work)

    def close(self) -> None:
        """Take no more work; what is being done comes to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


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
        self._open: dict[str, VisionService[Any]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @asynccontextmanager
    async def use(self, service: VisionService[Any]) -> AsyncIterator[None]:
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
            # Letting go of a model is quick: the loading is what takes long.
            self._open.pop(name).close()

    def close(self) -> None:
        """Give back everything."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for service in self._open.values():
            service.close()
        self._open.clear()
