"""Work that may hang, on a thread that the end of the program does not wait for."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar, cast

T = TypeVar("T")


def on_thread(name: str, function: Callable[[], T]) -> asyncio.Future[T]:
    """Start a function on a thread of its own; the future is set in the running event loop.

    Neither the loop nor the process waits for the thread: what is stuck in a driver, a model or a name server is left
    behind. Cancelling the future leaves the thread alone.

    Raises:
        RuntimeError: when no thread is to be had.
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
            future.exception()  # whoever asked may have gone; then nobody looks at it

    def work() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = function()
        except StopIteration as raised:  # which no future takes
            error = RuntimeError(f"{raised!r}")
        except BaseException as raised:  # for whoever awaits it
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has ended before the work
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name=name, daemon=True).start()
    return future
