"""Readers take turns: nobody holds the event loop for long, and whoever has cost little comes first."""

from __future__ import annotations

import asyncio

import pytest

from server.connections.turns import TURN_S, Turns


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Piece:
    """A reader with some portions to process, each of which takes its time and may start a request."""

    def __init__(
        self, time: Time, log: list[str], name: str, portions: int, took_s: float, *, starts: bool = False
    ) -> None:
        self.cost_s = self.cost_at = 0.0
        self._time, self._log, self._name, self._portions, self._took_s = time, log, name, portions, took_s
        self._starts = starts

    @property
    def has_work(self) -> bool:
        return self._portions > 0

    def work(self) -> bool:
        self._portions -= 1
        self._time.now += self._took_s
        self._log.append(self._name)
        return self._starts


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
async def test_one_request_is_started_in_a_turn_of_the_loop() -> None:
    time, log = Time(), list[str]()
    turns = Turns(time)
    for name in ("a", "b", "c"):
        turns.take(Piece(time, log, name, 1, 0, starts=True))
    for started in (["a"], ["a", "b"], ["a", "b", "c"]):
        assert log == started
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_whoever_has_cost_little_comes_first_and_cost_is_forgotten() -> None:
    time, log = Time(), list[str]()
    turns = Turns(time)
    flood, other = Piece(time, log, "flood", 9, 1.1 * TURN_S), Piece(time, log, "other", 9, 1.1 * TURN_S)
    turns.take(flood)
    turns.queue(other)
    for _ in range(4):
        await asyncio.sleep(0)
    assert log == ["flood", "other", "flood", "other", "flood"]
    cost = flood.cost_s
    time.now += 20
    turns.queue(Piece(time, log, "late", 1, 0))
    await asyncio.sleep(0)
    assert log[-2:] == ["late", "other"]
    assert cost > 2 * TURN_S > other.cost_s


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
