"""Calls of code that may never return, such as a model: each within a time limit, on a thread that can be given up."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar, cast

from .waiting import Place, own_place, working_for

logger = logging.getLogger(__name__)

T = TypeVar("T")


class CallTimeout(TimeoutError):
    """A call took longer than its limit, or was refused because an earlier one is still running.

    Attributes:
        refused: Whether it was refused, at once.
    """

    def __init__(self, *, refused: bool) -> None:
        super().__init__("an earlier call has not returned" if refused else "the call did not return in time")
        self.refused = refused


class CallsClosed(Exception):
    """No further call is possible."""


class BoundedCalls:
    """Runs functions that may never return, each within a time limit. Thread-safe.

    A call that takes longer is *late*: its caller gets an error, its thread is abandoned, and all further calls are
    refused at once until it returns after all. So code that hangs costs one thread and delays its callers once.

    A call runs on a thread of this object, which is kept for the next calls, as many as have run at once. Where the
    caller's own thread is given up before the limit is over (:attr:`Place.given_up_after_s`), the call runs on it,
    without the two changes of threads, and is late just the same. Others that wait for what it computes have to ask
    ``late`` now and then.

    Where a call waits (:func:`waiting`), it gives away the place of its caller, which waits for it.

    Args:
        name: Name of the threads, and the subject of log lines.
        at_once: Most calls at once; further ones wait for their turn, which does not count as their time.
        log_level: The level of the log lines about late calls.
    """

    def __init__(self, name: str, at_once: int | None = None, log_level: int = logging.WARNING) -> None:
        self._name = name
        self._log_level = log_level
        self._at_once = at_once
        self._changed = threading.Condition()
        self._running: set[_Call] = set()
        self._late: set[_Call] = set()
        self._idle: list[_Thread] = []
        self._closed = False
        self._on_idle: Callable[[], object] | None = None

    @property
    def late(self) -> bool:
        """Whether a call has not returned in time, so that further ones are refused."""
        with self._changed:
            self._find_late()
            return bool(self._late)

    @property
    def full(self) -> bool:
        """Whether the next call has to wait for its turn."""
        return self._at_once is not None and len(self._running) >= self._at_once

    def allow_another(self) -> None:
        """Let one call more run at once."""
        with self._changed:
            if self._at_once is not None:
                self._at_once += 1
            self._changed.notify_all()

    def run(self, function: Callable[[], T], limit_s: float) -> T:
        """Call a function and return its result, or raise its exception.

        Raises:
            CallTimeout: It has not returned after ``limit_s``, or an earlier call is late.
            CallsClosed: ``close`` was called.
            RuntimeError: The system gives no more threads.
        """
        place = own_place()
        call = _Call(function, limit_s, place)
        if place.given_up_after_s is not None and place.given_up_after_s <= limit_s:
            return self._run_here(function, call)
        with self._changed:
            self._take_turn(call)  # first: a busy machine takes its time to start a thread, and ``full`` is read then
            idle = self._idle.pop() if self._idle else None
        thread = self._started(call) if idle is None else idle
        thread.calls.put(call)
        if not call.done.acquire(timeout=limit_s):
            with self._changed:
                if not call.finished:
                    self._note_late(call)
                    raise CallTimeout(refused=False)
        try:
            if call.error is not None:
                raise call.error
            return cast(T, call.result)
        finally:
            del call  # the traceback holds this frame, which must not hold the error and the picture in turn

    def when_idle(self, action: Callable[[], object]) -> bool:
        """Have a function called once no call runs: on the thread of the last one, if it ever returns.

        Returns:
            Whether a call runs; otherwise nothing is called. A further function replaces the one before.
        """
        with self._changed:
            if self._running:
                self._on_idle = action
            return bool(self._running)

    def close(self, release: Callable[[], object]) -> None:
        """Refuse further calls, end the threads, and release what the calls use once none of them runs.

        Waits for the calls in progress, except late ones: their thread calls ``release`` if they ever return.
        """
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
            while len(self._running) > len(self._late):
                self._wait()
                self._find_late()
            idle, self._idle = self._idle, []
            waits = bool(self._late)
            if waits:
                self._on_idle = release
        for thread in idle:
            thread.end()
        if not waits:
            release()

    def _started(self, call: _Call) -> _Thread:
        """Return a new thread for a call that has its turn."""
        try:
            return _Thread(self._name, self._finished)
        except BaseException:
            with self._changed:
                self._running.discard(call)
                self._changed.notify_all()
            raise

    def _run_here(self, function: Callable[[], T], call: _Call) -> T:
        """Run a call on the thread of its caller, which may be given up meanwhile."""
        with self._changed:
            self._take_turn(call)
        try:
            return function()
        finally:
            self._finished(call)

    def _take_turn(self, call: _Call) -> None:
        """Wait until a call may run. Needs the lock."""
        while True:
            self._find_late()
            if self._late:
                raise CallTimeout(refused=True)
            if self._closed:
                raise CallsClosed(f"{self._name}: closed")
            if not self.full:
                break
            self._wait()
        call.began_s = time.monotonic()
        self._running.add(call)

    def _wait(self) -> None:
        """Wait until something has changed, or a call is late. Needs the lock."""
        now_s = time.monotonic()
        left_s = min((call.began_s + call.limit_s for call in self._running - self._late), default=now_s) - now_s
        self._changed.wait(max(left_s, 0.0) if self._running > self._late else None)

    def _find_late(self) -> None:
        """Find the calls that are late although nobody waits for their end. Needs the lock."""
        now_s = time.monotonic()
        for call in self._running - self._late:
            if now_s - call.began_s >= call.limit_s:
                self._note_late(call)

    def _note_late(self, call: _Call) -> None:
        if call not in self._late:
            self._late.add(call)
            self._changed.notify_all()
            self._log("no answer within %g s; further calls are refused until it comes", call.limit_s)

    def _log(self, sentence: str, seconds: float) -> None:
        logger.log(self._log_level, f"%s: {sentence}", self._name, seconds)

    def _finished(self, call: _Call, thread: _Thread | None = None) -> None:
        """Note that a call has returned, and take back its thread. On the thread that ran it."""
        action = None
        with self._changed:
            call.finished = True
            self._running.discard(call)
            if call in self._late:
                self._late.discard(call)
                self._log("has answered after %.3g s, and is used again", time.monotonic() - call.began_s)
            if not self._running:
                action, self._on_idle = self._on_idle, None
            if thread is not None and self._closed:
                thread.calls.put(None)
            elif thread is not None:
                self._idle.append(thread)
            self._changed.notify_all()
        if action is not None:
            try:
                action()
            except Exception:  # nobody waits for it
                logger.warning("%s: closing failed", self._name, exc_info=True)


class _Call:
    """One call, and its result.

    Attributes:
        began_s: When its turn came.
    """

    def __init__(self, function: Callable[[], object], limit_s: float, place: Place) -> None:
        self.function = function
        self.limit_s = limit_s
        self.place = _LentPlace(place, limit_s)
        self.result: object = None
        self.error: BaseException | None = None
        self.finished = False
        self.began_s = 0.0
        self.done = threading.Lock()
        self.done.acquire()


class _LentPlace:
    """The place of a caller, on the thread that works for it; the caller gives that thread up at its limit."""

    def __init__(self, place: Place, limit_s: float) -> None:
        self.given_up_after_s: float | None = limit_s
        self._place = place

    def given_away(self) -> AbstractContextManager[None]:
        return self._place.given_away()


class _Thread:
    """A thread that runs calls one after the other."""

    def __init__(self, name: str, finished: Callable[[_Call, _Thread | None], None]) -> None:
        self.calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._finished = finished
        # A daemon: a call that never returns must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the idle thread, and wait for its end."""
        self.calls.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _work(self) -> None:
        while (call := self.calls.get()) is not None:
            try:
                with working_for(call.place):
                    call.result = call.function()
            except BaseException as error:  # raised where the result is awaited; a native panic may be no Exception
                call.error = error
            self._finished(call, self)
            call.done.release()
            del call  # it holds a picture, and the thread may wait for long
