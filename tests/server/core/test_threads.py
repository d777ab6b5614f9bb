"""Functions on a thread of their own, awaited in the event loop."""

import asyncio
import threading

import pytest

from server.core import on_thread
from tests.fakes import BusyMachine

from .freed import check_error_frees_picture


def test_it_returns_the_result_of_the_function_from_a_thread_of_that_name() -> None:
    async def main() -> str:
        return await on_thread("look", lambda: threading.current_thread().name)

    assert asyncio.run(main()) == "look"


@pytest.mark.parametrize(("raised", "seen"), [(KeyError("x"), KeyError), (StopIteration(), RuntimeError)])
def test_it_raises_the_exception_of_the_function(raised: Exception, seen: type[Exception]) -> None:
    def fail() -> None:
        raise raised

    async def main() -> None:
        with pytest.raises(seen):
            await on_thread("look", fail)

    asyncio.run(main())


def test_neither_loop_nor_process_waits_for_a_stuck_thread() -> None:
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


def test_the_loop_does_not_wait_until_the_thread_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = BusyMachine(monkeypatch)

    async def main() -> str:
        work = on_thread("later", lambda: threading.current_thread().name)
        machine.give()
        return await work

    assert asyncio.run(main()) == "later"


def test_an_exception_holds_what_the_function_worked_on_no_longer_than_the_caller() -> None:
    check_error_frees_picture(lambda function: on_thread("look", function), thread="look")
