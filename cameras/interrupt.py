"""Make FFmpeg let go at once when a camera is closed while it waits for the network.

PyAV's interrupt callback knows a deadline only, and offers no way to end a running call from another thread. But the
callback runs on the thread that waits, and reads the clock through its module's ``time``. So that name gets a clock
which, for a thread whose camera is being closed, leaps from each reading to the next, so that every deadline is over.
(A clock that stood at infinity would not do: a deadline that starts there is never over.) Where a PyAV keeps its time
elsewhere, this does nothing, and :func:`check_pyav` reports it.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av.container.core

from .internals import require_internals

_thread = threading.local()
_leaps = itertools.count(1)
_LEAP_S = 1e6  # longer than any deadline


class _Clock:
    """The module ``time`` for PyAV's container code, which of it uses ``monotonic``."""

    def monotonic(self) -> float:
        closing: threading.Event | None = getattr(_thread, "closing", None)
        now_s = time.monotonic()
        return now_s + next(_leaps) * _LEAP_S if closing is not None and closing.is_set() else now_s

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


if getattr(av.container.core, "time", None) is time:
    av.container.core.time = _Clock()  # type: ignore[attr-defined]


def check_pyav() -> None:
    """Look for the private name of PyAV that this module replaces.

    Raises:
        UnsuitableLibrary: The installed version does not have it.
    """
    clock = getattr(av.container.core, "time", None)
    require_internals("av", (), missing=() if isinstance(clock, _Clock) else ["av.container.core.time"])


@contextmanager
def interruptible(closing: threading.Event) -> Iterator[None]:
    """Let ``closing`` end what FFmpeg waits for on this thread, where a deadline was given to ``av.open``."""
    _thread.closing = closing
    try:
        yield
    finally:
        _thread.closing = None
