"""Waits for what is computed elsewhere, such as on a GPU: another thread has the place of the one that waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeAlias

Place: TypeAlias = Callable[[], AbstractContextManager[None]]
"""The place of a thread among those that run at once: gives it away for the length of a block."""


class _Thread(threading.local):
    place: Place = nullcontext


_THREAD = _Thread()


def waiting() -> AbstractContextManager[None]:
    """Return the context for a wait that needs no processor, such as for a GPU or a server.

    A worker gives its place to another thread meanwhile, and goes on at once when the block ends. On other threads the
    block is just run. Blocks may be nested.
    """
    return _THREAD.place()


def own_place() -> Place:
    """Return the place of this thread, for a thread that works for it while it waits; see :func:`working_for`."""
    return _THREAD.place


@contextmanager
def working_for(place: Place) -> Iterator[None]:
    """Let :func:`waiting` give away another place on this thread: its own as a worker, or that of its caller."""
    before, _THREAD.place = _THREAD.place, place
    try:
        yield
    finally:
        _THREAD.place = before
