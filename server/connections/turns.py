"""Let requests work by turns, so that none of them stops the event loop, and those of one client delay no other."""

from __future__ import annotations

import asyncio
import heapq
import time
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine, Generator, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol, TypeVar

from ..core import client_of

T = TypeVar("T")

TURN_S = 0.005
"""Time for all requests together in one turn of the event loop; the loop sends the packets of viewers, too."""
HALF_LIFE_S = 1.0
"""Time after which half of what a client has cost is forgotten."""
USUAL_S = 0.005
"""What the first request of a connection may cost. Connections that are known to send cheap ones come before it."""
OLDEST_EVERY = 4
"""So often the one that has waited longest comes first, whatever it costs."""
_CLIENTS_MAX = 1000


class Costs:
    """What something has cost lately: its time on the event loop, and the number of its requests."""

    def __init__(self) -> None:
        self._time_s = self._requests = self._at_s = 0.0

    def add(self, now_s: float, time_s: float = 0.0, requests: int = 0) -> None:
        """Add time or requests."""
        self._fade(now_s)
        self._time_s += time_s
        self._requests += requests

    def time_s(self, now_s: float) -> float:
        """Return its time."""
        self._fade(now_s)
        return self._time_s

    def of_request_s(self, now_s: float) -> float:
        """Return what a request costs in the mean, as if there had been one more of usual cost."""
        self._fade(now_s)
        return (self._time_s + USUAL_S) / (self._requests + 1.0)

    def _fade(self, now_s: float) -> None:
        fading = 0.5 ** ((now_s - self._at_s) / HALF_LIFE_S)
        self._time_s *= fading
        self._requests *= fading
        self._at_s = now_s


class Payer:
    """Who pays for the work of a connection: the connection itself, and the client that it comes from.

    Args:
        client: The costs of the client.
    """

    def __init__(self, client: Costs) -> None:
        self.client = client
        self.connection = Costs()


class Reader(Protocol):
    """What processes received data by turns.

    Attributes:
        payer: Who pays for it.
    """

    payer: Payer

    @property
    def has_work(self) -> bool:
        """Whether it can process something now."""

    def work(self) -> bool:
        """Process a small portion; return whether it has started a request. Must not raise."""


class Turns:
    """The queue of what has work to do on the event loop: data to read, and requests to answer. Use it there.

    While there is time left in a turn of the loop, work is done as it comes. Otherwise it waits for the next turn. Then
    clients that have cost least come first, so that a flood delays only the one that sends it; and of one client, the
    connections whose requests cost least, so that a health check does not wait for a hundred predictions.

    Args:
        clock: Seconds; measures the cost.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._clients: OrderedDict[str, Costs] = OrderedDict()
        self._waiting = _Waiting()
        self._queued: set[int] = set()  # the readers among them
        self._spent_s = 0.0
        # What a step of a request, made in the next turn of the loop, may take: as much as the longest lately.
        self._step_s = TURN_S
        self._scheduled = False

    def client(self, address: str) -> Costs:
        """Return the costs of the client at an address."""
        place = client_of(address)
        costs = self._clients.setdefault(place, Costs())
        self._clients.move_to_end(place)
        if len(self._clients) > _CLIENTS_MAX:
            self._clients.popitem(last=False)
        return costs

    def take(self, reader: Reader) -> None:
        """Let a reader process what it has: now if there is time and nobody waits, else later."""
        while self._is_free and reader.has_work:
            self._read(reader)
        if reader.has_work:
            self.queue(reader)

    def queue(self, reader: Reader) -> None:
        """Let a reader process what it has, but not before this call returns."""
        if id(reader) not in self._queued:
            self._queued.add(id(reader))
            self._wait(reader.payer, reader)

    @types.coroutine
    def run(self, payer: Payer, work: Coroutine[Any, Any, T]) -> Generator[Any, None, T]:
        """Run a coroutine whose steps take turns; await it in the task of the coroutine.

        Args:
            payer: Who pays for it.
            work: The coroutine.
        """
        thrown: BaseException | None = None
        _present.set((self, payer))
        try:
            while True:
                if not self._is_free:
                    turn = asyncio.get_running_loop().create_future()
                    self._wait(payer, turn)
                    try:
                        yield from turn
                    except asyncio.CancelledError as cancelled:
                        thrown = cancelled
                began = self._clock()
                try:
                    waits_for = work.send(None) if thrown is None else work.throw(thrown)
                except StopIteration as end:
                    result: T = end.value
                    return result
                finally:
                    took_s = self._clock() - began
                    self._step_s = max(took_s, 0.9 * self._step_s + 0.1 * took_s)
                    self._pay(payer, took_s)
                thrown = None
                try:
                    yield waits_for
                except GeneratorExit:
                    raise
                except BaseException as error:  # of what it waits for
                    thrown = error
        finally:
            thrown = None  # its traceback refers to this frame
            work.close()

    @property
    def _is_free(self) -> bool:
        """Whether work can be done now."""
        return self._spent_s < TURN_S and not self._waiting

    def _wait(self, payer: Payer, work: Reader | asyncio.Future[None]) -> None:
        self._waiting.add(payer, work, self._clock())
        self._schedule()

    def _read(self, reader: Reader) -> None:
        began = self._clock()
        has_started = reader.work()
        self._pay(reader.payer, self._clock() - began, has_started)
        if has_started:
            self._spent_s += self._step_s

    def _pay(self, payer: Payer, took_s: float, has_started: bool = False) -> None:
        now_s = self._clock()
        payer.connection.add(now_s, took_s, has_started)
        payer.client.add(now_s, took_s, has_started)
        self._spent_s += took_s
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        self._spent_s = 0.0
        while self._waiting and self._spent_s < TURN_S:
            work = self._waiting.next(self._clock())
            if isinstance(work, asyncio.Future):
                if not work.done():  # its task is cancelled
                    work.set_result(None)
                    self._spent_s += self._step_s
            else:
                self._queued.discard(id(work))
                if work.has_work:
                    self._read(work)
                if work.has_work:
                    self.queue(work)
        if self._waiting:
            self._schedule()


async def by_turns(parts: Iterable[Coroutine[Any, Any, T]], at_once: int) -> list[T]:
    """Run the parts of the present request, whose steps take turns though they have other tasks; return their results.

    A generator makes the parts as they are needed. That keeps full collections of garbage short, which stop the event
    loop and visit everything that requests have in progress.

    Args:
        parts: The parts.
        at_once: Most parts in progress.
    """
    present = _present.get()
    numbered, results = enumerate(parts), dict[int, T]()

    async def some() -> None:
        for number, part in numbered:
            results[number] = await part
            await asyncio.sleep(0)  # the next one is another step

    async def some_by_turns() -> None:
        await (some() if present is None else present[0].run(present[1], some()))

    await asyncio.gather(*(some_by_turns() for _ in range(at_once)))
    return [results[number] for number in range(len(results))]


_present: ContextVar[tuple[Turns, Payer] | None] = ContextVar("turns", default=None)


class _Waiting:
    """What waits for a turn, in the order in which it comes."""

    def __init__(self) -> None:
        self._clients: dict[Costs, list[_Place]] = {}  # heaps
        self._oldest: deque[_Place] = deque()
        self._numbers = count()
        self._count = self._taken = 0

    def __len__(self) -> int:
        return self._count

    def add(self, payer: Payer, work: Reader | asyncio.Future[None], now_s: float) -> None:
        """Add work. What costs less than a millisecond costs nothing: it comes in the order of its arrival."""
        place = _Place(int(1000 * payer.connection.of_request_s(now_s)), next(self._numbers), work)
        heapq.heappush(self._clients.setdefault(payer.client, []), place)
        self._oldest.append(place)
        self._count += 1

    def next(self, now_s: float) -> Reader | asyncio.Future[None]:
        """Take what comes next; there must be something."""
        self._count -= 1
        self._taken += 1
        place = self._next_oldest() if self._taken % OLDEST_EVERY == 0 else self._next_cheapest(now_s)
        work, place.work = place.work, None
        assert work is not None
        if not self._count:
            self._clients.clear()
            self._oldest.clear()
        return work

    def _next_oldest(self) -> _Place:
        while (place := self._oldest.popleft()).work is None:
            pass
        return place

    def _next_cheapest(self, now_s: float) -> _Place:
        while True:
            client = min(self._clients, key=lambda costs: costs.time_s(now_s))
            places = self._clients[client]
            while places:
                if (place := heapq.heappop(places)).work is not None:
                    return place
            del self._clients[client]


@dataclass(order=True)
class _Place:
    cost_ms: int
    number: int
    work: Reader | asyncio.Future[None] | None = field(compare=False)
