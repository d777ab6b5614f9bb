"""What a function has worked on is freed with its error."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Awaitable, Callable

from tests.fakes import frame, no_collection


def check_error_frees_picture(run: Callable[[Callable[[], None]], Awaitable[None]], thread: str) -> None:
    """Check that the picture of a function that fails is freed as soon as its caller has handled the error.

    Args:
        run: Runs a function on another thread.
        thread: The name of that thread.
    """
    given = [frame()]
    gone = weakref.ref(given[0].pixels)

    def fail() -> None:
        picture = given.pop()
        raise ValueError(f"no {picture.width}")

    async def main() -> None:
        try:
            await run(fail)
        except ValueError as error:
            assert str(error) == "no 8"

    with no_collection():
        asyncio.run(main())
        for each in threading.enumerate():
            if each.name == thread:
                each.join(5)
        assert gone() is None
