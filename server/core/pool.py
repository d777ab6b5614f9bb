"""A pool of models and sessions that requests share: opened on the first request, closed after a while without use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar, cast

from .threads import on_thread
from .workers import Workers

KEPT_MAX = 64
"""Most unused entries; the pool closes the one unused longest when there are more."""


class Closable(Protocol):
    """An object that the pool can close."""

    def close(self) -> None:
        """Release all resources."""


C = TypeVar("C", bound=Closable)


class Pool:
    """Keeps objects that requests have opened, by key, for the next requests.

    Args:
        workers: The threads on which objects are opened.
        linger_s: How long an object stays open after its last request.
    """

    def __init__(self, workers: Workers, linger_s: float = 10.0) -> None:
        self._workers = workers
        self._linger_s = linger_s
        self._entries: dict[Hashable, _Entry] = {}  # unused entries are ordered, the one unused longest first

    @asynccontextmanager
    async def use(self, key: Hashable, opened: Callable[[], C]) -> AsyncIterator[C]:
        """Yield the object of a key, and open it on a thread if needed.

        Requests with the same key share the object. If it cannot be opened, all waiting requests get the error, and the
        next request tries again.

        Args:
            key: The key, always with the same ``opened``.
            opened: Opens the object, or raises.
        """
        entry = self._entries.setdefault(key, _Entry())
        entry.take()
        try:
            if entry.opening is None:
                entry.opening = asyncio.ensure_future(self._workers.run(opened))
            # Shielded: the request that started the opening may be cancelled while others wait for it.
            yield cast(C, await asyncio.shield(entry.opening))
        finally:
            entry.users -= 1
            if not entry.users and self._entries.get(key) is entry:
                self._keep(key, entry)

    def close(self) -> None:
        """Close everything."""
        for key in list(self._entries):
            self._drop(key)

    def _keep(self, key: Hashable, entry: _Entry) -> None:
        """Keep an unused entry for a while, unless it could not be opened."""
        if entry.failed:
            self._drop(key)
            return
        self._entries[key] = self._entries.pop(key)
        entry.timer = asyncio.get_running_loop().call_later(self._linger_s, self._drop, key)
        unused = [other for other, kept in self._entries.items() if not kept.users]
        for other in unused[: max(len(unused) - KEPT_MAX, 0)]:
            self._drop(other)

    def _drop(self, key: Hashable) -> None:
        entry = self._entries.pop(key)
        if entry.timer is not None:
            entry.timer.cancel()
        if entry.opening is not None and entry.opening.done():
            _close(entry.opening)
        elif entry.opening is not None:
            entry.opening.add_done_callback(_close)


class _Entry:
    """The object of one key, and the number of requests that use it."""

    def __init__(self) -> None:
        self.users = 0
        self.opening: asyncio.Future[Any] | None = None
        self.timer: asyncio.TimerHandle | None = None

    @property
    def failed(self) -> bool:
        """Whether the object could not be opened."""
        opening = self.opening
        return opening is None or (opening.done() and (opening.cancelled() or opening.exception() is not None))

    def take(self) -> None:
        """Count one more request; a failed opening is retried."""
        self.users += 1
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.failed:
            self.opening = None


def _close(opening: asyncio.Future[Closable]) -> None:
    """Close the object on a thread of its own: closing a model waits for its current inference."""
    if not opening.cancelled() and opening.exception() is None:
        on_thread("api-model", opening.result().close)
