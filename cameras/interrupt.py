"""Interruption of FFmpeg at the network: when a camera is closed, at a moment that is due, or at a redirect of RTSP.

PyAV's interrupt callback only knows a deadline; another thread cannot end a running call. But the callback runs on the
waiting thread and reads the clock through its module's ``time``. This module replaces that name with a clock that, on a
thread whose camera is being closed or whose moment has come, leaps ahead on each call, so that every deadline has
passed. (A clock at infinity would not work: a deadline that starts there never passes.) If a version of PyAV takes its
time elsewhere, this has no effect, and :func:`check_pyav` reports it.

FFmpeg follows the redirects of RTSP without end, wherever they lead, with user and password, and no option forbids it.
But it logs each one before it connects, and looks at the clock between the connection and the first byte.
"""

from __future__ import annotations

import itertools
import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import av.container.core
import av.logging

from .internals import require_internals


class Redirected(Exception):
    """An RTSP host leads to another address. FFmpeg has sent nothing there.

    Attributes:
        location: The address as the host gives it, perhaps a relative one; it may contain secrets.
    """

    def __init__(self, location: str) -> None:
        super().__init__("the host redirects")
        self.location = location


class _Waits:
    """What may end the waits of a thread."""

    __slots__ = ("closing", "location", "log", "wake_s")

    def __init__(self) -> None:
        self.closing: threading.Event | None = None
        self.wake_s = math.inf
        self.log: list[tuple[int, str, str]] | None = None
        self.location: str | None = None


class _Thread(threading.local):
    def __init__(self) -> None:
        self.waits = _Waits()


_thread = _Thread()
_leaps = itertools.count(1)
_LEAP_S = 1e6  # longer than any deadline
_REDIRECT = "Status 3", ": Redirecting to "
_QUIET = -8  # AV_LOG_QUIET


class _Clock:
    """A stand-in for the module ``time`` in PyAV's container code, which uses ``monotonic``."""

    def monotonic(self) -> float:
        # FFmpeg comes here nine times for each packet.
        now_s, waits = monotonic(), _thread.waits
        closing = waits.closing
        if now_s < waits.wake_s and (closing is None or not closing.is_set()) and not (waits.log and _is_redirected()):
            return now_s
        return now_s + next(_leaps) * _LEAP_S

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
    _thread.waits.closing = closing
    try:
        yield
    finally:
        _thread.waits.closing = None


def wake_at(at_s: float | None) -> None:
    """Let FFmpeg's waits on this thread end with an error from a moment of the monotonic clock on; ``None`` for never.

    Like :func:`interruptible`, it needs a timeout in ``av.open``.
    """
    _thread.waits.wake_s = math.inf if at_s is None else at_s


@contextmanager
def stopped_at_redirect() -> Iterator[None]:
    """Let FFmpeg's calls on this thread end when an RTSP host redirects; needs a timeout in ``av.open``.

    Raises:
        Redirected: It does.
    """
    waits = _thread.waits
    with _logging(), av.logging.Capture() as waits.log:
        try:
            yield
        finally:
            _is_redirected()
            location, waits.log, waits.location = waits.location, None, None
            if location is not None:
                raise Redirected(location) from None


def _is_redirected() -> bool:
    """Return whether FFmpeg has logged a redirect on this thread; forget all else that it has logged."""
    waits = _thread.waits
    log = waits.log
    if not log:
        return False
    for _, _, message in log:
        status, separator, location = message.partition(_REDIRECT[1])
        if separator and status.startswith(_REDIRECT[0]):
            waits.location = location.strip()
            return True
    log.clear()
    return False


_logging_threads = 0
_logging_lock = threading.Lock()


@contextmanager
def _logging() -> Iterator[None]:
    """Let FFmpeg log while any thread needs it: each message, of whatever thread, takes the interpreter's lock."""
    global _logging_threads
    with _logging_lock:
        _logging_threads += 1
        if _logging_threads == 1:
            logging.getLogger("libav").setLevel(logging.CRITICAL + 1)  # what other threads log goes nowhere
            av.logging.set_skip_repeated(False)
            av.logging.set_level(av.logging.INFO)
    try:
        yield
    finally:
        with _logging_lock:
            _logging_threads -= 1
            if _logging_threads == 0:
                # set_level(None) would fail on threads that log at this moment.
                av.logging.set_libav_level(_QUIET)
                av.logging.restore_default_callback()
