"""The real clock runs scheduled actions on one thread, which exists only while it is needed."""

import threading
import time

import pytest

from pipeline.execution.clock import SystemClock


def timers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "timers"]


def held(go: threading.Event) -> None:
    go.wait(5)


def test_actions_run_in_the_order_of_their_time_and_the_thread_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, done, go = SystemClock(), threading.Event(), threading.Event()
    order: list[str] = []

    def late() -> None:
        order.append("late")
        done.set()

    # Both are set at one moment while the thread is busy: however slow the machine is, one is due before the other.
    clock.call_later(0.0, lambda: held(go))
    with monkeypatch.context() as patched:
        now_s = time.monotonic()
        patched.setattr(time, "monotonic", lambda: now_s)
        clock.call_later(0.02, late)
        clock.call_later(0.0, lambda: order.append("soon"))
    go.set()
    assert done.wait(5)
    clock.close()
    assert order == ["soon", "late"]
    assert timers() == []


def test_a_cancelled_action_does_not_run_and_keeps_no_thread() -> None:
    clock, done = SystemClock(), []
    timer = clock.call_later(3600, lambda: done.append(1))
    assert timers() == ["timers"]
    timer.cancel()
    timer.cancel()
    clock.close()
    assert (done, timers()) == ([], [])


def test_closing_drops_scheduled_actions() -> None:
    clock, done = SystemClock(), []
    clock.call_later(3600, lambda: done.append(1))
    clock.close()
    clock.close()
    assert (done, timers()) == ([], [])


def test_a_pause_ends_when_stop_is_set() -> None:
    stop = threading.Event()
    assert not SystemClock().pause(stop, 0.0)
    stop.set()
    assert SystemClock().pause(stop, 3600)


def test_the_thread_sleeps_until_an_action_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, done, now_s = SystemClock(), threading.Event(), time.monotonic
    reads: list[float] = []

    def counted() -> float:
        if threading.current_thread().name == "timers":
            reads.append(now_s())
        return now_s()

    monkeypatch.setattr(time, "monotonic", counted)
    clock.call_later(0.1, done.set)
    assert done.wait(5)
    clock.close()
    assert len(reads) < 10, "it looks at the time once per wake-up"
