"""A thread that its starter does not wait for: also until it runs, it can be joined and is alive."""

from __future__ import annotations

import _thread
import threading

import pytest

from cameras import BackgroundThread
from tests.fakes import BusyMachine

WAITS_S = 10.0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> BusyMachine:
    return BusyMachine(monkeypatch)


def test_start_does_not_wait_until_the_thread_runs(machine: BusyMachine) -> None:
    ran: list[str] = []
    thread = BackgroundThread(lambda: ran.append(threading.current_thread().name), "later")
    assert not thread.is_alive()
    thread.start()
    assert thread.is_alive() and thread.daemon and not ran
    thread.join(0)
    assert thread.is_alive()
    machine.give()
    thread.join(WAITS_S)
    assert ran == ["later"] and not thread.is_alive()


def test_join_waits_for_the_end_of_a_thread_that_does_not_run_yet(machine: BusyMachine) -> None:
    ended = threading.Event()
    thread = BackgroundThread(ended.set, "later")
    thread.start()
    _thread.start_new_thread(machine.give, ())
    thread.join()
    assert ended.is_set() and not thread.is_alive()


def test_it_starts_once(machine: BusyMachine) -> None:
    thread = BackgroundThread(lambda: None, "later")
    thread.start()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="only be started once"):
            thread.start()
        machine.give()
        thread.join(WAITS_S)


def test_without_a_free_thread_it_does_not_live(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    thread = BackgroundThread(lambda: None, "later")
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="can't start new thread"):
        patch.setattr(threading.Thread, "start", start)
        thread.start()
    assert not thread.is_alive()
    with pytest.raises(RuntimeError, match="before it is started"):
        thread.join()
    thread.start()
    thread.join(WAITS_S)
    assert not thread.is_alive()
