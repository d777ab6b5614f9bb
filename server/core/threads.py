"""Run work that may hang on a thread that does not delay the end of the program."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar, cast

from cameras import BackgroundThread

T = TypeVar("T")


def on_thread(name: str, function: Callable[[], T]) -> asyncio.Future[T]:
    """Start a function on a thread of its own; return a future of the running event loop.

    The loop does not wait until the thread runs: the machine may be busy. Neither the loop nor the process waits until
    it ends: it may be stuck in a driver, a model or a name server. Cancelling the future does not stop it.

    Raises:
        RuntimeError: No thread is available.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(cast(T, result))
        else:
            future.set_exception(error)
            future.exception()  # marks it as retrieved: the caller may no longer await it

    def work() -> None:
        nonlocal settle
        result: T | None = None
        error: BaseException | None = None
        try:
            result = function()
        except StopIteration as raised:  # a future refuses this exception
            error = RuntimeError(f"{raised!r}")
        except BaseException as raised:  # raised where the future is awaited
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has ended before the work
            loop.call_soon_threadsafe(settle, result, error)
        # Its traceback leads back here, and `settle` to the future that keeps it: in that circle the pictures of a
        # request would stay until the garbage collector comes.
        del error, settle

    BackgroundThread(work, name).start()
    return future
