"""Requests whose work hangs occupy one place and delay neither other requests nor the end of the program."""

from __future__ import annotations

import asyncio
import threading

import pytest

from server.core import Unavailable
from server.core.pool import Pool
from server.core.workers import Workers

from .freed import check_error_frees_picture


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


def test_calls_for_one_subject_leave_room_for_those_for_others() -> None:
    async def main() -> None:
        stuck, workers = Stuck(), Workers("api", threads=4, waiting=0, share=1)
        work = asyncio.create_task(workers.run_for("dead", stuck))
        await entered(stuck)
        with pytest.raises(Unavailable, match="too many requests are waiting"):
            await workers.run_for("dead", int)
        assert await workers.run_for("healthy", int) == 0
        stuck.go.set()
        assert await work == "done"
        assert await workers.run_for("dead", int) == 0

    asyncio.run(main())


def test_closed_workers_refuse_calls_and_end_those_in_progress() -> None:
    async def main() -> None:
        stuck, workers = Stuck(), Workers("api", threads=4, waiting=0, share=1)
        work = asyncio.create_task(workers.run_for("dead", stuck))
        await entered(stuck)
        workers.close()
        for refused in (work, workers.run_for("new", int)):
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


def test_a_subject_that_hangs_delays_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.core.workers.PATIENCE_S", 0.01)

    async def main() -> None:
        workers = Workers("api", threads=2, waiting=6, share=4)
        stuck = [Stuck() for _ in range(4)]
        hung = [asyncio.create_task(workers.run_for("hung", each)) for each in stuck]
        for each in stuck[:2]:
            await entered(each)
        with pytest.raises(Unavailable, match="too many requests are waiting"):
            await workers.run_for("hung", stuck[0])
        for number in range(3):
            assert await workers.run_for("other", abs, number) == number
        assert not stuck[2].entered.is_set(), "it takes no more than its share of the threads"
        for each in stuck:
            each.go.set()
        assert await asyncio.gather(*hung) == ["done"] * 4
        assert await workers.run_for("hung", lambda: "again") == "again"

    asyncio.run(main())


def test_a_call_that_takes_long_lets_another_start_but_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.core.workers.PATIENCE_S", 0.01)

    async def main() -> None:
        stuck, workers = Stuck(), Workers("api", threads=1, waiting=1)
        slow = asyncio.create_task(workers.run(stuck))
        await entered(stuck)
        second = Stuck()
        following = asyncio.create_task(workers.run(second))
        await entered(second)
        with pytest.raises(Unavailable):
            await workers.run(lambda: "third")
        stuck.go.set()
        second.go.set()
        assert [await slow, await following] == ["done", "done"]

    asyncio.run(main())


def test_the_end_of_a_burst_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.core.workers.IDLE_S", 0.01)

    async def main() -> None:
        idle, ends = asyncio.Event(), []
        loop = asyncio.get_running_loop()

        def end() -> None:
            ends.append(threading.current_thread())
            loop.call_soon_threadsafe(idle.set)

        stuck, workers = Stuck(), Workers("api", threads=2, waiting=1, when_idle=end)
        first = asyncio.create_task(workers.run(stuck))
        await entered(stuck)
        assert await workers.run(lambda: "second") == "second"
        assert workers._idle_timer is None, "a call is in progress"
        stuck.go.set()
        assert await first == "done"
        await asyncio.wait_for(idle.wait(), 5)
        assert len(ends) == 1
        assert ends[0] is not threading.current_thread()
        assert await workers.run(lambda: "third") == "third"
        assert workers._idle_timer is not None
        workers.close()
        assert workers._idle_timer is None

    asyncio.run(main())


def test_an_exception_holds_what_a_call_worked_on_no_longer_than_the_caller() -> None:
    check_error_frees_picture(Workers("look", threads=1, waiting=0).run, thread="look")
