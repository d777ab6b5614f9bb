"""Stages on threads: in order, without loss, bounded, and no thread is left whatever ends them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest

from streams.stages import ITEMS_MAX, _Queue, ahead, behind

WAITS_S = 10.0


def alive(name: str) -> bool:
    return any(thread.name == name for thread in threading.enumerate())


def test_items_taken_ahead_come_in_order_and_all() -> None:
    with ahead(iter(range(1000)), "reads") as items:
        assert list(items) == list(range(1000))
    assert not alive("reads")


def test_another_thread_takes_the_items() -> None:
    with ahead((threading.current_thread().name for _ in range(3)), "reads") as items:
        assert set(items) == {"reads"}


def test_only_so_many_items_wait() -> None:
    taken: list[int] = []
    enough = threading.Event()

    def numbers() -> Iterator[int]:
        for number in itertools.count():
            taken.append(number)
            if number == ITEMS_MAX:
                enough.set()
            yield number

    with ahead(numbers(), "reads") as items:
        assert enough.wait(WAITS_S)
        assert next(items) == 0
    assert ITEMS_MAX + 1 <= len(taken) <= ITEMS_MAX + 2


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_an_error_of_the_items_comes_after_those_before_it(error: BaseException) -> None:
    def numbers() -> Iterator[int]:
        yield from range(10)
        raise error

    seen: list[int] = []
    with pytest.raises(type(error)) as raised, ahead(numbers(), "reads") as items:
        for item in items:
            seen.append(item)
    assert raised.value is error and seen == list(range(10)) and not alive("reads")


def test_an_error_of_the_block_ends_the_thread_that_waits_for_room() -> None:
    with pytest.raises(RuntimeError, match="stop"), ahead(itertools.count(), "reads") as items:
        next(items)
        raise RuntimeError("stop")
    assert not alive("reads")


def test_calls_are_made_in_order_on_one_thread_before_the_block_ends() -> None:
    made: list[tuple[int, str]] = []
    with behind("writes") as give:
        for number in range(100):
            give(lambda number=number: made.append((number, threading.current_thread().name)))  # type: ignore[misc]
    assert made == [(number, "writes") for number in range(100)] and not alive("writes")


def test_giving_waits_while_too_many_calls_wait() -> None:
    go, began, given = threading.Event(), threading.Event(), list[int]()
    with behind("writes") as give:

        def wait() -> None:
            began.set()
            assert go.wait(WAITS_S)

        give(wait)
        assert began.wait(WAITS_S)
        for _ in range(ITEMS_MAX):
            give(lambda: None)

        def one_more() -> None:
            give(lambda: None)
            given.append(len(given))

        giver = threading.Thread(target=one_more)
        giver.start()
        giver.join(0.05)
        assert giver.is_alive() and not given
        go.set()
        giver.join(WAITS_S)
        assert given == [0]


def test_an_error_of_a_call_is_raised_where_the_next_is_given() -> None:
    made: list[int] = []
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        raise OSError("full")

    with pytest.raises(OSError, match="full"), behind("writes") as give:
        give(fail)
        assert failed.wait(WAITS_S)
        for number in range(1000):
            give(lambda number=number: made.append(number))  # type: ignore[misc]
    assert made == [] and not alive("writes")


def test_an_error_of_the_last_call_is_raised_at_the_end() -> None:
    def fail() -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"), behind("writes") as give:
        give(fail)
    assert not alive("writes")


def test_after_an_error_of_the_block_the_waiting_calls_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    go, began, made = threading.Event(), threading.Event(), list[str]()
    close = _Queue.close

    def close_then_go(queue: _Queue[object]) -> None:
        close(queue)
        go.set()

    monkeypatch.setattr(_Queue, "close", close_then_go)

    def wait() -> None:
        began.set()
        assert go.wait(WAITS_S)

    with pytest.raises(KeyboardInterrupt), behind("writes") as give:
        give(wait)
        assert began.wait(WAITS_S)
        give(lambda: made.append("late"))
        raise KeyboardInterrupt
    assert made == [] and not alive("writes")
