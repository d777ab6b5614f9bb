"""Interruption of FFmpeg while it waits for the network: when a camera is closed, or at a moment that is due.

PyAV's interrupt callback only knows a deadline; another thread cannot end a running call. But the callback runs on the
waiting thread and reads the clock through its module's ``time``. This module replaces that name with a clock that, on a
thread whose camera is being closed or whose moment has come, leaps ahead on each call, so that every deadline has
passed. (A clock at infinity would not work: a deadline that starts there never passes.) If a version of PyAV takes its
time elsewhere, this has no effect, and :func:`check_pyav` reports it.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av.container.core

from .internals import require_internals


class _Waiting(threading.local):
    """What may end the waits of a thread."""

    closing: threading.Event | None = None
    wake_s: float = math.inf
    checks_left: int | None = None


_thread = _Waiting()
_leaps = itertools.count(1)
_LEAP_S = 1e6  # longer than any deadline


class _Clock:
    """A stand-in for the module ``time`` in PyAV's container code, which uses ``monotonic``."""

    def monotonic(self) -> float:
        # FFmpeg comes here several times for each packet.
        waiting, now_s = _thread, time.monotonic()
        closing, checks_left = waiting.closing, waiting.checks_left
        due = now_s >= waiting.wake_s or (closing is not None and closing.is_set())
        if checks_left is not None:
            waiting.checks_left = checks_left - 1
            due = due or checks_left <= 0
        return now_s + next(_leaps) * _LEAP_S if due else now_s

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


def wake_at(at_s: float | None) -> None:
    """Let FFmpeg's waits on this thread end with an error from a moment of the monotonic clock on; ``None`` for never.

    Like :func:`interruptible`, it needs a timeout in ``av.open``.
    """
    _thread.wake_s = math.inf if at_s is None else at_s


@contextmanager
def limited_checks(number: int | None) -> Iterator[None]:
    """Let FFmpeg's calls on this thread end with an error after so many looks at the clock; ``None`` for no limit.

    It looks at each byte of the head of an RTSP answer, so the number says how much a host and FFmpeg may talk.

    Raises:
        TooManyChecks: There were more.
    """
    _thread.checks_left = number
    try:
        yield
    finally:
        left, _thread.checks_left = _thread.checks_left, None
        if left is not None and left < 0:
            raise TooManyChecks from None


class TooManyChecks(Exception):
    """FFmpeg has looked at the clock more often than allowed."""
