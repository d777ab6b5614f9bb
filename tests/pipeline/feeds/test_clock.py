"""The real clock does later what it is told to, on one thread that exists only while it is needed."""

import threading

from pipeline.feeds.clock import SystemClock


def timers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "timers"]


def test_actions_are_done_in_the_order_of_their_time_and_the_thread_ends() -> None:
    clock, done = SystemClock(), threading.Event()
    order: list[str] = []

    def late() -> None:
        order.append("late")
        done.set()

    clock.call_later(0.02, late)
    clock.call_later(0.0, lambda: order.append("soon"))
    assert done.wait(5)
    clock.close()
    assert order == ["soon", "late"]
    assert timers() == []


def test_a_cancelled_action_is_not_done_and_keeps_no_thread() -> None:
    clock, done = SystemClock(), []
    timer = clock.call_later(3600, lambda: done.append(1))
    assert timers() == ["timers"]
    timer.cancel()
    timer.cancel()
    clock.close()
    assert (done, timers()) == ([], [])


def test_closing_forgets_what_was_to_be_done() -> None:
    clock, done = SystemClock(), []
    clock.call_later(3600, lambda: done.append(1))
    clock.close()
    clock.close()
    assert (done, timers()) == ([], [])


def test_a_pause_ends_when_it_is_told_to() -> None:
    stop = threading.Event()
    assert not SystemClock().pause(stop, 0.0)
    stop.set()
    assert SystemClock().pause(stop, 3600)
