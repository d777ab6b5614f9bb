"""The place of a thread among those that run at once: given away while it waits, and lost when it takes too long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol


class Place(Protocol):
    """The place of a thread among those that run at once."""

    @property
    def given_up_after_s(self) -> float | None:
        """After how long what the thread does now is given up, so that others go on without it; ``None``: never."""

    def given_away(self) -> AbstractContextManager[None]:
        """Return the context for a block in which another thread has the place. May be nested."""


class _NoPlace:
    """That of a thread which nobody manages."""

    given_up_after_s: float | None = None

    def given_away(self) -> AbstractContextManager[None]:
        return nullcontext()


class _Thread(threading.local):
    place: Place = _NoPlace()


_THREAD = _Thread()


def waiting() -> AbstractContextManager[None]:
    """Return the context for a wait that needs no processor, such as for a GPU or a server.

    A worker gives its place to another thread meanwhile, and goes on at once when the block ends. On other threads the
    block is just run. Blocks may be nested.
    """
    return _THREAD.place.given_away()


def own_place() -> Place:
    """Return the place of this thread, for a thread that works for it while it waits; see :func:`working_for`."""
    return _THREAD.place


@contextmanager
def working_for(place: Place) -> Iterator[None]:
    """Let this thread have another place: its own as a worker, or one that it was lent by its caller."""
    before, _THREAD.place = _THREAD.place, place
    try:
        yield
    finally:
        _THREAD.place = before
