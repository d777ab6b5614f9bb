"""Work takes turns: nothing holds the event loop for long, and whoever has cost little comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from server.connections.turns import OLDEST_EVERY, TURN_S, Costs, Payer, Turns, by_turns

T = TypeVar("T")


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Piece:
    """A reader with some portions to process, each of which takes its time and may start a request."""

    def __init__(self, time: Time, log: list[str], name: str, portions: int, took_s: float) -> None:
        self.payer = Payer(Costs())
        self._time, self._log, self._name, self._portions, self._took_s = time, log, name, portions, took_s

    @property
    def has_work(self) -> bool:
        return self._portions > 0

    def work(self) -> bool:
        self._portions -= 1
        self._time.now += self._took_s
        self._log.append(self._name)
        return False


class Requests:
    """Requests that are answered by turns; each step takes its time."""

    def __init__(self) -> None:
        self.time = Time()
        self.turns = Turns(self.time)
        self.log: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    def payer(self, address: str, cost_s: float = 0.0) -> Payer:
        """Return the payer of a new connection, which has already sent a request that cost some time."""
        payer = Payer(self.turns.client(address))
        if cost_s:
            for costs in (payer.client, payer.connection):
                costs.add(self.time.now, cost_s, 1)
        return payer

    def start(self, name: str, payer: Payer, steps: int = 1, took_s: float = 2 * TURN_S) -> asyncio.Task[None]:
        async def answer() -> None:
            for _ in range(steps):
                self.log.append(name)
                self.time.now += took_s
                await asyncio.sleep(0)

        self.tasks.append(self.task(payer, answer()))
        return self.tasks[-1]

    def task(self, payer: Payer, answer: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        async def run() -> T:
            return await self.turns.run(payer, answer)

        return asyncio.create_task(run())

    async def end(self) -> None:
        async with asyncio.timeout(10):
            await asyncio.gather(*self.tasks)


@pytest.mark.anyio
async def test_a_turn_of_the_loop_has_an_end() -> None:
    time, log = Time(), list[str]()
    turns = Turns(time)
    turns.take(Piece(time, log, "a", 5, 0.6 * TURN_S))
    assert log == ["a", "a"]
    turns.take(Piece(time, log, "b", 1, 0.6 * TURN_S))
    assert log == ["a", "a"]
    await asyncio.sleep(0)
    assert log == ["a", "a", "b", "a"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert log == ["a", "a", "b", "a", "a", "a"]


@pytest.mark.anyio
async def test_whoever_has_cost_little_comes_first_and_cost_is_forgotten() -> None:
    time, log = Time(), list[str]()
    turns = Turns(time)
    flood, other = Piece(time, log, "flood", 9, 1.1 * TURN_S), Piece(time, log, "other", 9, 1.1 * TURN_S)
    turns.take(flood)
    turns.queue(other)
    for _ in range(4):
        await asyncio.sleep(0)
    assert log.count("flood") - log.count("other") <= 1
    cost = flood.payer.connection.time_s(time.now)
    time.now += 20
    assert cost > 2 * TURN_S > other.payer.client.time_s(time.now)
    turns.queue(Piece(time, log, "late", 1, 0))
    await asyncio.sleep(0)
    assert "late" in log[-2:]


@pytest.mark.anyio
async def test_a_reader_that_has_nothing_left_is_passed_over() -> None:
    time, log = Time(), list[str]()
    turns = Turns(time)
    reader = Piece(time, log, "a", 1, 0)
    turns.queue(reader)
    turns.queue(reader)
    reader.work()
    await asyncio.sleep(0)
    assert log == ["a"]


@pytest.mark.anyio
async def test_of_requests_that_come_at_once_few_are_answered_in_one_turn_of_the_loop() -> None:
    requests = Requests()
    payer = requests.payer("10.0.0.1")
    for number in range(20):
        requests.start(str(number), payer)
    done: list[int] = []
    while not done or done[-1] < 20:
        await asyncio.sleep(0)
        done.append(len(requests.log))
    assert max(after - before for before, after in zip([0, *done], done, strict=False)) <= 1
    await requests.end()


@pytest.mark.anyio
async def test_another_client_does_not_wait_for_a_flood() -> None:
    requests = Requests()
    for number in range(20):
        requests.start(f"flood {number}", requests.payer("10.0.0.1", 0.01), steps=3)
    await asyncio.sleep(0)
    requests.start("other", requests.payer("10.0.0.2"), steps=3)
    await requests.end()
    last = max(place for place, name in enumerate(requests.log) if name == "other")
    assert last <= 3 * OLDEST_EVERY


@pytest.mark.anyio
async def test_a_cheap_request_of_the_same_client_does_not_wait_for_costly_ones() -> None:
    requests = Requests()
    for number in range(20):
        requests.start(f"costly {number}", requests.payer("10.0.0.1", 0.05))
    await asyncio.sleep(0)
    requests.start("cheap", requests.payer("10.0.0.1", 0.0004), took_s=0.0004)
    await requests.end()
    assert requests.log.index("cheap") <= OLDEST_EVERY


@pytest.mark.anyio
async def test_what_has_waited_longest_has_its_turn_too() -> None:
    requests = Requests()
    first = requests.payer("10.0.0.2")
    requests.start("first", first)
    requests.start("costly", requests.payer("10.0.0.1", 10.0))
    for number in range(20):
        requests.start(f"cheap {number}", requests.payer(f"10.0.1.{number}"))
    await requests.end()
    assert 0 < requests.log.index("costly") <= OLDEST_EVERY + 1


@pytest.mark.anyio
async def test_steps_that_cost_little_share_a_turn_of_the_loop() -> None:
    requests = Requests()
    for number in range(200):
        requests.start(str(number), requests.payer("10.0.0.1"), took_s=TURN_S / 100)
    loops = 0
    while len(requests.log) < 200:
        await asyncio.sleep(0)
        loops += 1
    assert loops < 50
    await requests.end()


@pytest.mark.anyio
async def test_results_errors_and_cancellation_pass_through() -> None:
    requests = Requests()
    payer = requests.payer("10.0.0.1")
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def number() -> int:
        async with asyncio.timeout(10):
            return await future

    tasks = [requests.task(payer, number()) for _ in range(2)]
    await asyncio.sleep(0)
    future.set_result(7)
    assert await asyncio.gather(*tasks) == [7, 7]

    async def failing() -> None:
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)
        except TimeoutError:
            raise ValueError from None

    with pytest.raises(ValueError):
        await requests.task(payer, failing())

    ended = []

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    cancelled = requests.task(payer, waiting())
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert ended == ["cancelled"]


@pytest.mark.anyio
async def test_a_request_that_is_cancelled_while_it_waits_takes_no_turn() -> None:
    requests = Requests()
    payer = requests.payer("10.0.0.1")
    requests.start("first", payer, steps=2)
    second = requests.start("second", payer)
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    requests.tasks.remove(second)
    await requests.end()
    assert requests.log == ["first", "first"]


def test_the_costs_of_few_clients_are_remembered() -> None:
    turns = Turns()
    known = turns.client("10.0.0.1")
    assert turns.client("10.0.0.1") is known
    assert turns.client("2001:db8::1") is turns.client("2001:db8::2")
    for number in range(2000):
        turns.client(f"10.1.{number >> 8}.{number & 255}")
    assert len(turns._clients) == 1000
    assert turns.client("10.0.0.1") is not known


@pytest.mark.anyio
async def test_the_parts_of_a_request_take_turns_too() -> None:
    requests = Requests()

    async def part() -> None:
        requests.log.append("part")
        requests.time.now += 2 * TURN_S

    async def answer() -> None:
        await by_turns((part() for _ in range(20)), 20)

    whole = requests.task(requests.payer("10.0.0.1", 0.05), answer())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    requests.start("cheap", requests.payer("10.0.0.2"))
    await whole
    await requests.end()
    assert requests.log.index("cheap") <= OLDEST_EVERY + 1


@pytest.mark.anyio
async def test_parts_outside_of_a_request_just_run() -> None:
    async def part() -> int:
        return 7

    assert await by_turns([part()], 2) == [7]
