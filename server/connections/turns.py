"""Let connections process what they have received by turns, so that none of them stops the event loop."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from typing import Protocol

TURN_S = 0.005
"""Time for all connections together in one turn of the event loop; the loop sends the packets of viewers, too."""
HALF_LIFE_S = 1.0
"""Time after which half of what a connection has cost is forgotten."""


class Reader(Protocol):
    """What takes turns.

    Attributes:
        cost_s: Time that it has taken lately; whoever has taken least comes first. Kept by :class:`Turns`.
        cost_at: When ``cost_s`` was last brought up to date.
    """

    cost_s: float
    cost_at: float

    @property
    def has_work(self) -> bool:
        """Whether it can process something now."""

    def work(self) -> bool:
        """Process a small portion; return whether it has started a request. Must not raise.

        The request goes on by itself, from the next turn of the loop on.
        """


class Turns:
    """The queue of readers that have something to process. Use it in the event loop.

    While there is time left, a reader processes its data as it comes. Otherwise it waits for the next turn of the loop,
    where those that have cost least come first: a flood delays itself, and not a health check. In each turn one reader
    may start a request: a hundred that come at once would otherwise all be answered in one turn.

    Args:
        clock: Seconds; measures the cost.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._waiting: list[tuple[float, int, Reader]] = []
        self._queued: set[int] = set()
        self._number = 0
        self._spent_s = 0.0
        self._scheduled = False

    def take(self, reader: Reader) -> None:
        """Let a reader process what it has: now if there is time and nobody waits, else later."""
        while not self._waiting and reader.has_work and self._spent_s < TURN_S:
            self._step(reader)
        if reader.has_work:
            self.queue(reader)

    def queue(self, reader: Reader) -> None:
        """Let a reader process what it has, but not before this call returns."""
        if id(reader) not in self._queued:
            self._queued.add(id(reader))
            self._number += 1
            heapq.heappush(self._waiting, (self._cost_s(reader), self._number, reader))
        self._schedule()

    def _step(self, reader: Reader) -> None:
        began = self._clock()
        has_started = reader.work()
        took = self._clock() - began
        self._spent_s += TURN_S if has_started else took
        reader.cost_s = self._cost_s(reader) + took
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        self._spent_s = 0.0
        while self._waiting and self._spent_s < TURN_S:
            _, _, reader = heapq.heappop(self._waiting)
            self._queued.discard(id(reader))
            if reader.has_work:
                self._step(reader)
            if reader.has_work:
                self.queue(reader)

    def _cost_s(self, reader: Reader) -> float:
        now = self._clock()
        reader.cost_s *= 0.5 ** ((now - reader.cost_at) / HALF_LIFE_S)
        reader.cost_at = now
        return reader.cost_s
