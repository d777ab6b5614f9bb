"""Requests whose work hangs occupy one place and delay neither other requests nor the end of the program."""

from __future__ import annotations

import asyncio
import threading

import pytest

from server.core import Unavailable
from server.core.pool import Pool
from server.core.workers import Shares, Workers


class Stuck:
    """A function that blocks until the test sets ``go``."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()
        self.thread: threading.Thread | None = None

    def __call__(self) -> str:
        self.thread = threading.current_thread()
        self.entered.set()
        assert self.go.wait(10)
        return "done"


async def entered(stuck: Stuck) -> None:
    assert await asyncio.to_thread(stuck.entered.wait, 5)


def test_the_process_does_not_wait_for_a_stuck_thread() -> None:
    async def main() -> None:
        stuck, workers = Stuck(), Workers("api", threads=1, waiting=0)
        work = asyncio.create_task(workers.run(stuck))
        await entered(stuck)
        assert stuck.thread is not None and stuck.thread.daemon
        stuck.go.set()
        assert await work == "done"

    asyncio.run(main())


def test_a_request_beyond_the_queue_is_refused_and_the_next_is_not() -> None:
    async def main() -> None:
        stuck, workers = Stuck(), Workers("api", threads=1, waiting=1)
        first = asyncio.create_task(workers.run(stuck))
        await entered(stuck)
        second = asyncio.create_task(workers.run(lambda: "second"))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable) as refused:
            await workers.run(lambda: "third")
        assert refused.value.retry_after_s == 1
        stuck.go.set()
        assert [await first, await second] == ["done", "second"]
        assert await workers.run(lambda: "fourth") == "fourth"

    asyncio.run(main())


def test_a_cancelled_request_frees_its_place_when_its_work_ends() -> None:
    async def main() -> None:
        stuck, workers = Stuck(), Workers("api", threads=1, waiting=0)
        gone = asyncio.create_task(workers.run(stuck))
        await entered(stuck)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        with pytest.raises(Unavailable):
            await workers.run(lambda: "too early")
        stuck.go.set()
        assert stuck.thread is not None
        await asyncio.to_thread(stuck.thread.join, 5)
        assert await workers.run(lambda: "now") == "now"

    asyncio.run(main())


def test_the_place_is_freed_after_any_exception() -> None:
    class Panic(BaseException):
        pass

    def panic() -> None:
        raise Panic

    async def main() -> None:
        workers = Workers("api", threads=1, waiting=0)
        for raised in (Panic, Panic):
            with pytest.raises(raised):
                await workers.run(panic)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await workers.run(lambda: next(iter(())))

    asyncio.run(main())


def test_without_a_free_thread_a_request_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        workers = Workers("api", threads=1, waiting=0)
        for _ in range(2):
            with pytest.raises(Unavailable, match="no thread left"):
                await workers.run(lambda: None)

    monkeypatch.setattr(threading.Thread, "start", start)
    asyncio.run(main())


def test_calls_of_one_owner_that_hang_leave_room_for_those_of_others() -> None:
    async def main() -> None:
        stuck, shares = Stuck(), Shares("api", threads=1)
        work = asyncio.create_task(shares.run("dead", stuck))
        await entered(stuck)
        with pytest.raises(Unavailable, match="too many requests are waiting"):
            await shares.run("dead", int)
        assert await shares.run("healthy", int) == 0
        stuck.go.set()
        assert await work == "done"
        assert await shares.run("dead", int) == 0

    asyncio.run(main())


def test_closed_shares_refuse_calls_and_end_those_in_progress() -> None:
    async def main() -> None:
        stuck, shares = Stuck(), Shares("api", threads=1)
        work = asyncio.create_task(shares.run("dead", stuck))
        await entered(stuck)
        shares.close()
        for refused in (work, shares.run("new", int)):
            with pytest.raises(Unavailable, match="the server is closing"):
                await refused
        stuck.go.set()

    asyncio.run(main())


class Unclosable:
    """A model whose inference does not end, so that closing it blocks."""

    def __init__(self) -> None:
        self.closing = Stuck()

    def close(self) -> None:
        """Wait."""
        self.closing()


def test_the_loop_does_not_wait_for_a_model_to_be_closed() -> None:
    model = Unclosable()

    async def main() -> None:
        pool = Pool(Workers("api", threads=1, waiting=0))
        async with pool.use("model", lambda: model):
            pass
        pool.close()
        await entered(model.closing)

    asyncio.run(main())
    model.closing.go.set()


def test_requests_that_wait_for_a_stuck_thread_end_when_the_server_closes() -> None:
    async def main() -> None:
        stuck, workers = Stuck(), Workers("api", threads=1, waiting=1)
        requests = [asyncio.create_task(workers.run(stuck))]
        await entered(stuck)
        workers.close()
        requests.append(asyncio.create_task(workers.run(stuck)))
        for request in requests:
            with pytest.raises(Unavailable, match="the server is closing"):
                await request
        stuck.go.set()

    asyncio.run(main())
