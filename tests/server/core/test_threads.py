"""Work on a thread of its own, seen from the event loop."""

import asyncio
import threading

import pytest

from server.core import on_thread


def test_it_gives_what_the_function_gives_on_a_thread_of_that_name() -> None:
    async def main() -> str:
        return await on_thread("look", lambda: threading.current_thread().name)

    assert asyncio.run(main()) == "look"


@pytest.mark.parametrize(("raised", "seen"), [(KeyError("x"), KeyError), (StopIteration(), RuntimeError)])
def test_it_raises_what_the_function_raises(raised: Exception, seen: type[Exception]) -> None:
    def fail() -> None:
        raise raised

    async def main() -> None:
        with pytest.raises(seen):
            await on_thread("look", fail)

    asyncio.run(main())


def test_nobody_waits_for_what_is_stuck() -> None:
    stuck = threading.Event()

    async def main() -> None:
        work = on_thread("stuck", stuck.wait)
        work.cancel()
        await asyncio.wait([work])

    asyncio.run(main())
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "stuck")
    stuck.set()
    thread.join(5)
    assert not thread.is_alive()
