"""Calls with a time limit: one that hangs costs a thread, and delays its callers once."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from cameras import BoundedCalls, CallsClosed, CallTimeout, working_for
from tests.fakes import no_collection
from tests.places import WatchedPlace

WAITS_S = 10.0
SHORT_S = 0.02


class Hanging:
    """A function that hangs until the test lets it go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()

    def __call__(self) -> str:
        self.entered.set()
        assert self.go.wait(WAITS_S)
        return "late"


def threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.go.set()
    for thread in threads("model"):
        thread.join(WAITS_S)


def test_a_call_returns_the_result_of_a_thread_that_is_kept() -> None:
    calls = BoundedCalls("model", at_once=1)
    idents = {calls.run(threading.get_ident, WAITS_S) for _ in range(20)}
    assert len(idents) == 1
    assert idents != {threading.get_ident()}
    calls.close(lambda: None)
    assert threads("model") == []


class Panic(BaseException):
    """An error of a native library: not an ``Exception``."""


def raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", [ValueError("no"), Panic("foreign")])
def test_any_exception_is_raised_where_the_result_is_awaited(error: BaseException) -> None:
    calls = BoundedCalls("model", at_once=1)
    with pytest.raises(type(error)) as raised:
        calls.run(raising(error), WAITS_S)
    assert raised.value is error
    assert calls.run(lambda: 1, WAITS_S) == 1
    calls.close(lambda: None)


def test_a_late_call_is_refused_at_once_until_it_returns(hanging: Hanging, caplog: pytest.LogCaptureFixture) -> None:
    calls = BoundedCalls("model", at_once=1)
    with pytest.raises(CallTimeout) as late:
        calls.run(hanging, SHORT_S)
    assert (late.value.refused, calls.late) == (False, True)
    began_s = time.monotonic()
    for _ in range(3):
        with pytest.raises(CallTimeout) as refused:
            calls.run(lambda: "never", WAITS_S)
        assert refused.value.refused
    assert time.monotonic() - began_s < WAITS_S / 2
    assert len(threads("model")) == 1
    hanging.go.set()
    with calls._changed:
        assert calls._changed.wait_for(lambda: not calls.late, WAITS_S)
    assert calls.run(lambda: "again", WAITS_S) == "again"
    assert len(threads("model")) == 1, "its thread is used again"
    first, second = caplog.messages
    assert first == f"model: no answer within {SHORT_S} s; further calls are refused until it comes"
    assert second.startswith("model: has answered after ")
    calls.close(lambda: None)


def test_those_who_wait_for_their_turn_are_refused_when_a_call_is_late(hanging: Hanging) -> None:
    calls = BoundedCalls("model", at_once=1)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(calls.run, hanging, 0.2)
        assert hanging.entered.wait(WAITS_S)
        waiting = [pool.submit(calls.run, lambda: "never", WAITS_S) for _ in range(2)]
        assert isinstance(first.exception(WAITS_S), CallTimeout)
        for each in waiting:
            error = each.exception(WAITS_S / 2)
            assert isinstance(error, CallTimeout) and error.refused
    hanging.go.set()
    calls.close(lambda: None)


def test_waiting_for_a_turn_does_not_count_as_time_of_a_call() -> None:
    calls = BoundedCalls("model", at_once=1)
    first = Hanging()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(calls.run, first, WAITS_S)
        assert first.entered.wait(WAITS_S)
        queued = pool.submit(calls.run, lambda: "in turn", 0.5)
        assert not queued.done()
        first.go.set()
        assert (slow.result(WAITS_S), queued.result(WAITS_S)) == ("late", "in turn")
    calls.close(lambda: None)


def test_without_a_number_calls_run_at_once() -> None:
    calls = BoundedCalls("model")
    both = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(calls.run, both.wait, WAITS_S) for _ in range(2)]
        assert {each.result(WAITS_S) for each in found} == {0, 1}
    calls.close(lambda: None)
    assert threads("model") == []


def test_closing_waits_for_a_call_in_progress_and_releases_then() -> None:
    calls, running, done = BoundedCalls("model", at_once=1), Hanging(), list[str]()
    with ThreadPoolExecutor(2) as pool:
        result = pool.submit(calls.run, running, WAITS_S)
        assert running.entered.wait(WAITS_S)
        closing = pool.submit(calls.close, lambda: done.append("released"))
        assert done == []
        running.go.set()
        assert result.result(WAITS_S) == "late"
        closing.result(WAITS_S)
    assert done == ["released"]
    with pytest.raises(CallsClosed, match="model: closed"):
        calls.run(lambda: None, WAITS_S)
    calls.close(lambda: done.append("twice"))
    assert done == ["released"]


def test_closing_does_not_wait_for_a_late_call_whose_thread_releases_later(hanging: Hanging) -> None:
    calls, released = BoundedCalls("model", at_once=1), threading.Event()
    with pytest.raises(CallTimeout):
        calls.run(hanging, SHORT_S)
    calls.close(released.set)
    assert not released.is_set()
    hanging.go.set()
    assert released.wait(WAITS_S)


def test_a_failing_release_of_an_abandoned_thread_is_logged(hanging: Hanging, caplog: pytest.LogCaptureFixture) -> None:
    calls = BoundedCalls("model", at_once=1, log_level=logging.DEBUG)
    with pytest.raises(CallTimeout):
        calls.run(hanging, SHORT_S)
    calls.close(raising(OSError("broken")))
    hanging.go.set()
    (left,) = threads("model") or (threading.current_thread(),)
    if left is not threading.current_thread():
        left.join(WAITS_S)
    assert caplog.messages == ["model: closing failed"]


def test_a_finished_call_holds_nothing() -> None:
    calls, picture = BoundedCalls("model", at_once=1), np.zeros(3)
    gone = weakref.ref(picture)
    call = [partial(picture.sum)]
    del picture
    with no_collection():
        assert calls.run(call.pop(), WAITS_S) == 0
        calls.run(lambda: None, WAITS_S)  # by now the thread has finished with the first one
        assert gone() is None
    calls.close(lambda: None)


def test_it_is_full_while_the_thread_of_a_call_still_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, seen = BoundedCalls("model", at_once=1), list[bool]()
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        seen.append(calls.full)
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    assert calls.run(lambda: "result", WAITS_S) == "result"
    calls.close(lambda: None)
    assert seen == [True]


@pytest.mark.parametrize(("given_up_after_s", "here"), [(None, False), (WAITS_S, True), (WAITS_S + 1, False)])
def test_a_call_runs_on_a_thread_that_is_given_up_before_its_limit(given_up_after_s: float | None, here: bool) -> None:
    calls = BoundedCalls("model", at_once=1)
    with working_for(WatchedPlace(given_up_after_s=given_up_after_s)):
        thread = calls.run(threading.current_thread, WAITS_S)
        with pytest.raises(OSError, match="no"):
            calls.run(raising(OSError("no")), WAITS_S)
        assert calls.run(lambda: calls.full, WAITS_S)
    assert (thread is threading.current_thread()) is here
    assert not calls.full
    calls.close(lambda: None)


def test_calls_within_a_call_run_on_its_thread_unless_they_have_less_time() -> None:
    outer, inner = BoundedCalls("outer"), BoundedCalls("inner")

    def threads_of(limit_s: float) -> tuple[int, int]:
        return threading.get_ident(), inner.run(threading.get_ident, limit_s)

    one, other = outer.run(lambda: threads_of(WAITS_S), WAITS_S)
    assert one == other
    one, other = outer.run(lambda: threads_of(WAITS_S / 2), WAITS_S)
    assert one != other
    outer.close(lambda: None)
    inner.close(lambda: None)


def given_up(calls: BoundedCalls, function: Callable[[], object], limit_s: float) -> object:
    """Call a function on a thread that is given up when the limit is over."""
    with working_for(WatchedPlace(given_up_after_s=limit_s)):
        return calls.run(function, limit_s)


def test_a_call_on_the_thread_of_its_caller_is_late_too(hanging: Hanging, caplog: pytest.LogCaptureFixture) -> None:
    calls = BoundedCalls("model", at_once=1)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(given_up, calls, hanging, SHORT_S)
        assert hanging.entered.wait(WAITS_S)
        with pytest.raises(CallTimeout) as refused:
            calls.run(lambda: "never", WAITS_S)
        assert refused.value.refused and calls.late
        assert caplog.messages == [f"model: no answer within {SHORT_S} s; further calls are refused until it comes"]
        with pytest.raises(CallTimeout):
            given_up(calls, lambda: "never", SHORT_S)
        hanging.go.set()
        assert first.result(WAITS_S) == "late"
    assert not calls.late
    assert given_up(calls, lambda: "again", WAITS_S) == "again"
    calls.close(lambda: None)


def test_a_late_call_is_noticed_where_nobody_has_to_wait(hanging: Hanging) -> None:
    calls = BoundedCalls("model")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(given_up, calls, hanging, 0.0)
        assert hanging.entered.wait(WAITS_S)
        with pytest.raises(CallTimeout):
            given_up(calls, lambda: "never", WAITS_S)
        hanging.go.set()
    calls.close(lambda: None)


@pytest.mark.parametrize("here", [True, False])
def test_a_function_is_called_when_the_last_call_has_returned(hanging: Hanging, here: bool) -> None:
    calls, idle = BoundedCalls("model"), threading.Event()
    assert not calls.when_idle(idle.set)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(given_up, calls, hanging, WAITS_S) if here else pool.submit(calls.run, hanging, WAITS_S)
        assert hanging.entered.wait(WAITS_S)
        assert calls.when_idle(idle.set)
        calls.run(lambda: None, WAITS_S)
        assert not idle.is_set()
        hanging.go.set()
        assert running.result(WAITS_S) == "late"
        assert idle.wait(WAITS_S)
    calls.close(lambda: None)


def test_closing_waits_for_a_call_on_another_thread_until_it_is_late(hanging: Hanging) -> None:
    calls, released = BoundedCalls("model", at_once=1), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(given_up, calls, hanging, SHORT_S)
        assert hanging.entered.wait(WAITS_S)
        calls.close(released.set)
        assert not released.is_set()
        hanging.go.set()
        assert released.wait(WAITS_S)


def test_a_call_without_a_thread_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    calls = BoundedCalls("model", at_once=1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            calls.run(lambda: "result", WAITS_S)
    assert not calls.full
    assert calls.run(lambda: "result", WAITS_S) == "result"
    calls.close(lambda: None)
