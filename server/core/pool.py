"""Models and sessions that requests share: opened with the first request, closed when none has come for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar, cast

from .threads import on_thread
from .workers import Workers

KEPT_MAX = 64
"""How many are kept at once that no request uses; of more, the one unused longest is closed."""


class Closable(Protocol):
    """What requests use."""

    def close(self) -> None:
        """Release what it holds."""


C = TypeVar("C", bound=Closable)


class Pool:
    """Keeps what requests have opened, by a key, for the next request that comes soon.

    Args:
        workers: Where it is opened.
        linger_s: How long it stays after its last request.
    """

    def __init__(self, workers: Workers, linger_s: float = 10.0) -> None:
        self._workers = workers
        self._linger_s = linger_s
        self._entries: dict[Hashable, _Entry] = {}  # of those that no request uses, the one unused longest comes first

    @asynccontextmanager
    async def use(self, key: Hashable, opened: Callable[[], C]) -> AsyncIterator[C]:
        """Give what a key stands for, while the block runs: what is kept, else what is opened now, on a thread.

        Requests for one key share it. When it cannot be opened, all that wait for it are told, and the next one tries
        again.

        Args:
            key: What it is called; always with the same ``opened``.
            opened: Opens it, or raises.
        """
        entry = self._entries.setdefault(key, _Entry())
        entry.take()
        try:
            if entry.opening is None:
                entry.opening = asyncio.ensure_future(self._workers.run(opened))
            # Shielded: whoever began to open it may go, and those who wait for it stay.
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
        """Keep what no request uses any more for a while, unless it could not be opened."""
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
    """What one key stands for, and how many requests use it."""

    def __init__(self) -> None:
        self.users = 0
        self.opening: asyncio.Future[Any] | None = None
        self.timer: asyncio.TimerHandle | None = None

    @property
    def failed(self) -> bool:
        """Whether it could not be opened."""
        opening = self.opening
        return opening is None or (opening.done() and (opening.cancelled() or opening.exception() is not None))

    def take(self) -> None:
        """Count one more request; what could not be opened is tried again."""
        self.users += 1
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.failed:
            self.opening = None


def _close(opening: asyncio.Future[Closable]) -> None:
    """Close what was opened, on a thread of its own: closing a model waits for what it is doing."""
    if not opening.cancelled() and opening.exception() is None:
        on_thread("api-model", opening.result().close)
