"""Immediate interruption of FFmpeg when a camera is closed while it waits for the network.

PyAV's interrupt callback only knows a deadline; another thread cannot end a running call. But the callback runs on the
waiting thread and reads the clock through its module's ``time``. This module replaces that name with a clock that, on a
thread whose camera is being closed, leaps ahead on each call, so that every deadline has passed. (A clock at infinity
would not work: a deadline that starts there never passes.) If a version of PyAV takes its time elsewhere, this has no
effect, and :func:`check_pyav` reports it.
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
    """A stand-in for the module ``time`` in PyAV's container code, which uses ``monotonic``."""

    def monotonic(self) -> float:
        closing: threading.Event | None = getattr(_thread, "closing", None)
        now_s = time.monotonic()
        return now_s + next(_leaps) * _LEAP_S if closing is not None and closing.is_set() else now_s

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


if getattr(av.container.core, "time", None) is time:
    av.container.core.time = _Clock()  # type: ignore[attr-defined]


def check_pyav() -> None:
    """Check for the private name of PyAV that this module replaces.

    Raises:
        UnsuitableLibrary: The installed version does not have it.
    """
    clock = getattr(av.container.core, "time", None)
    require_internals("av", (), missing=() if isinstance(clock, _Clock) else ["av.container.core.time"])


@contextmanager
def interruptible(closing: threading.Event) -> Iterator[None]:
    """Let ``closing`` interrupt FFmpeg on this thread; needs a timeout in ``av.open``."""
    _thread.closing = closing
    try:
        yield
    finally:
        _thread.closing = None
