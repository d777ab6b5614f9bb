"""Stages of work on different threads: in order, without loss, a few items apart."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

from cameras import BackgroundThread

T = TypeVar("T")

ITEMS_MAX = 4
"""Most items that wait between two stages: enough for stages whose times vary, and little memory for large pictures."""


class _Closed(Exception):
    """The other side has closed the queue."""


class _Queue(Generic[T]):
    """A bounded queue between two threads, which either side may close."""

    def __init__(self, items_max: int = ITEMS_MAX) -> None:
        self._items: deque[T] = deque()
        self._items_max = items_max
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Add an item, when there is room.

        Raises:
            _Closed: The queue is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._items) < self._items_max)
            if self._closed:
                raise _Closed
            self._items.append(item)
            self._changed.notify()

    def get(self) -> T:
        """Take the oldest item, when there is one.

        Raises:
            _Closed: The queue is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._items)
            if self._closed:
                raise _Closed
            self._changed.notify()
            return self._items.popleft()

    def close(self) -> None:
        """End all waits; drop the items."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()


@contextmanager
def ahead(items: Iterator[T], name: str) -> Iterator[Iterator[T]]:
    """Yield an iterator over the same items, which a thread takes in advance.

    An error of ``items`` comes after the items before it. The thread has ended when the block has.

    Args:
        items: Used by that thread only.
        name: Name of the thread.
    """
    queue = _Queue[tuple[T] | BaseException]()

    def take() -> None:
        try:
            for item in items:
                queue.put((item,))
            end: BaseException = _Closed()
        except BaseException as error:
            end = error
        with suppress(_Closed):
            queue.put(end)

    def taken() -> Iterator[T]:
        with suppress(_Closed):
            while True:
                item = queue.get()
                if isinstance(item, BaseException):
                    raise item
                yield item[0]

    thread = BackgroundThread(take, name)
    thread.start()
    try:
        yield taken()
    finally:
        queue.close()
        thread.join()


@contextmanager
def behind(name: str) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Yield a function that takes calls, which a thread makes one after another.

    The block ends when all are made, and the thread has ended. An error of a call is raised where the next call is
    given, or at the end of the block; then, and when the block itself fails, the calls that still wait are not made.

    Args:
        name: Name of the thread.
    """
    queue = _Queue[Callable[[], object] | None]()
    failures: list[BaseException] = []

    def make() -> None:
        try:
            while (call := queue.get()) is not None:
                call()
        except _Closed:
            return
        except BaseException as error:
            failures.append(error)
            queue.close()

    def give(call: Callable[[], object]) -> None:
        try:
            queue.put(call)
        except _Closed:
            raise failures[0] from None

    thread = BackgroundThread(make, name)
    thread.start()
    try:
        yield give
        with suppress(_Closed):
            queue.put(None)
        thread.join()
    finally:
        queue.close()
        thread.join()
    if failures:
        raise failures[0]
