"""The signals of a server, handled on a thread of their own, and the end of the process.

The event loop cannot handle them: it does not exist while the program is imported and configured, and a native call may
block it for ever afterwards.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, ClassVar, NoReturn

END_LIMIT_S = 2.6
"""How long the program may take to close everything after SIGINT or SIGTERM; then the process ends all the same."""

ENDED, FORCED = 0, 1
"""Exit codes of the process after a signal, and after a second one."""

_END = (signal.SIGINT, signal.SIGTERM)
_THREAD = "signals"
_STDERR = 2
_STOP = b"\0"  # the number of no signal


class SignalThread:
    """Handles SIGINT, SIGTERM and SIGHUP from :meth:`start` to :meth:`close`. Use it on the main thread.

    * SIGINT and SIGTERM end the process at once with 0. Once :meth:`on_end` has given a function that closes the
      program, they call it, and the process ends by force if the program has not closed after ``limit_s``.
    * A second SIGINT or SIGTERM ends the process at once with 1.
    * SIGHUP calls the function of :meth:`on_hangup`. One that comes before there is a function calls it then.
    * SIGALRM calls the function of :meth:`on_alarm`, also while a library blocks the main thread.

    Args:
        limit_s: How long the program may take to close.
        end: Ends the process with an exit code.
    """

    started: ClassVar[SignalThread | None] = None
    """The one that handles the signals of the process now."""

    def __init__(self, limit_s: float = END_LIMIT_S, end: Callable[[int], object] = os._exit) -> None:
        self._limit_s = limit_s
        self._end = end
        self._on_end: Callable[[], object] | None = None
        self._on_alarm: Callable[[], object] | None = None
        self._on_hangup: Callable[[], object] | None = None
        self._has_hung_up = False
        self._deadline_s: float | None = None
        self._lock = threading.Lock()
        self._before: dict[signal.Signals, Any] = {}

    def start(self) -> None:
        """Handle signals from now on."""
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        self._thread = threading.Thread(target=self._listen, name=_THREAD, daemon=True)
        self._thread.start()
        self._fd_before = signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        # Not SIG_IGN, which child processes inherit.
        self._before = {number: signal.signal(number, _ignore) for number in (*_END, signal.SIGHUP, signal.SIGALRM)}
        SignalThread.started = self

    def on_end(self, action: Callable[[], object] | None) -> None:
        """Set the function that starts to close the program, called on the thread of the signals; ``None``: none."""
        with self._lock:
            self._on_end = action

    def on_hangup(self, action: Callable[[], object] | None) -> None:
        """Set the function for SIGHUP, called on the thread of the signals; ``None``: none from now on."""
        with self._lock:
            self._on_hangup = action
            missed, self._has_hung_up = self._has_hung_up and action is not None, False
        if missed and action is not None:
            action()

    def on_alarm(self, action: Callable[[], object] | None) -> None:
        """Set the function for SIGALRM, the end of ``signal.setitimer``; ``None``: none."""
        with self._lock:
            self._on_alarm = action

    def close(self) -> None:
        """Restore the handlers from before, and end the thread."""
        SignalThread.started = None
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._sender.send(_STOP)
        self._thread.join()
        self._receiver.close()
        self._sender.close()

    def _listen(self) -> None:
        while True:
            left_s = None if self._deadline_s is None else max(self._deadline_s - time.monotonic(), 0.0)
            self._receiver.settimeout(left_s)
            try:
                numbers = self._receiver.recv(64) if left_s != 0.0 else b""
            except TimeoutError:
                numbers = b""
            if not numbers:
                _say(f"not everything closes within {self._limit_s:g} s; the process ends without it")
                self._end(ENDED)
                return
            for number in numbers:
                if number == _STOP[0]:
                    return
                self._handle(number)

    def _handle(self, number: int) -> None:
        if number == signal.SIGHUP:
            with self._lock:
                action = self._on_hangup
                self._has_hung_up = action is None
            if action is not None:
                action()
        if number == signal.SIGALRM:
            with self._lock:
                action = self._on_alarm
            if action is not None and _is_writable():
                action()
        if number not in _END:  # of libraries, which share the descriptor
            return
        if self._deadline_s is not None:
            _write("camweave: terminated")
            self._end(FORCED)
            return
        self._deadline_s = time.monotonic() + self._limit_s
        with self._lock:
            action = self._on_end
        if action is None:  # nothing is open that would have to be closed
            self._end(ENDED)
        else:
            action()


@contextmanager
def signals_handled(
    action: Callable[[], object], on_hangup: Callable[[], object] | None = None
) -> Generator[None, None, None]:
    """Call a function on SIGINT or SIGTERM during the block, which then has ``END_LIMIT_S`` to close the program.

    SIGHUP calls the other function. A signal to end after the block ends the process at once, if the process handled
    signals before the block; otherwise the handlers from before are restored.
    """
    thread = SignalThread.started
    if thread is not None:
        thread.on_end(action)
        thread.on_hangup(on_hangup)
        try:
            yield
        finally:
            thread.on_end(None)
            thread.on_hangup(None)
        return
    thread = SignalThread()
    thread.on_end(action)
    thread.on_hangup(on_hangup)
    thread.start()
    try:
        yield
    finally:
        thread.close()


def end_process(code: int) -> NoReturn:
    """End the process, whatever its threads do.

    The interpreter's own end aborts the process when a daemon thread returns from a native call meanwhile: the thread
    cannot have the interpreter's lock any more. So with threads left, the process ends without it.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or no stream at all
            stream.flush()
    ours = {threading.main_thread(), threading.current_thread()}
    if any(thread not in ours and thread.name != _THREAD for thread in threading.enumerate()):
        os._exit(code)
    sys.exit(code)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing: the interpreter has written the number of the signal to the socket before."""


def _say(sentence: str) -> None:
    """Log a warning, in any phase of the program, unless the reader of stderr does not read."""
    import logging  # late: this module is imported before signals are handled

    if not _is_writable():
        return
    if logging.getLogger().hasHandlers():
        logging.getLogger(__name__).warning("%s", sentence)
    else:
        _write(f"camweave: {sentence}")


def _write(line: str) -> None:
    if _is_writable():
        with contextlib.suppress(OSError):
            os.write(_STDERR, f"{line}\n".encode())


def _is_writable() -> bool:
    try:
        return bool(select.select([], [_STDERR], [], 0)[1])
    except (OSError, ValueError):  # closed
        return False
