"""Signals: what each does before, during and after the program has something to close."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.process import SignalThread, signals
from server.process.signals import signals_handled

ROOT = Path(__file__).parents[3]
WAITS_S = 10.0


class Ended:
    """Takes the place of the end of the process."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.happened = threading.Semaphore(0)

    def __call__(self, code: int) -> None:
        self.codes.append(code)
        self.happened.release()


@pytest.fixture
def ended() -> Ended:
    return Ended()


@pytest.fixture
def thread(ended: Ended) -> Iterator[SignalThread]:
    thread = SignalThread(0.05, ended)
    thread.start()
    yield thread
    thread.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_process_with_nothing_to_close(thread: SignalThread, ended: Ended, number: int) -> None:
    os.kill(os.getpid(), number)
    assert ended.happened.acquire(timeout=WAITS_S)
    assert ended.codes == [0]


def test_a_program_that_does_not_close_in_time_is_ended(
    thread: SignalThread, ended: Ended, caplog: pytest.LogCaptureFixture
) -> None:
    asked = threading.Event()
    thread.on_end(asked.set)
    os.kill(os.getpid(), signal.SIGTERM)
    assert asked.wait(WAITS_S)
    assert ended.happened.acquire(timeout=WAITS_S)
    assert ended.codes == [0]
    assert caplog.messages == ["not everything closes within 0.05 s; the process ends without it"]


def test_a_second_signal_ends_the_process_at_once(ended: Ended, capfd: pytest.CaptureFixture[str]) -> None:
    thread = SignalThread(WAITS_S, ended)
    asked = threading.Event()
    thread.on_end(asked.set)
    thread.start()
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked.wait(WAITS_S)
        assert ended.codes == []
        os.kill(os.getpid(), signal.SIGINT)
        assert ended.happened.acquire(timeout=WAITS_S)
        assert ended.codes == [1]
        assert capfd.readouterr().err == "camweave: terminated\n"
    finally:
        thread.close()


def test_sighup_calls_its_function_also_when_it_came_before_that(thread: SignalThread, ended: Ended) -> None:
    called = threading.Semaphore(0)
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
    assert ended.happened.acquire(timeout=WAITS_S)
    thread.on_hangup(called.release)
    assert called.acquire(timeout=WAITS_S)
    assert not called.acquire(blocking=False)
    os.kill(os.getpid(), signal.SIGHUP)
    assert called.acquire(timeout=WAITS_S)


def test_the_handlers_from_before_are_restored() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    asked = threading.Event()
    with signals_handled(asked.set):
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked.wait(WAITS_S)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
    assert SignalThread.started is None


def test_a_block_uses_the_thread_that_handles_signals_already(thread: SignalThread, ended: Ended) -> None:
    asked = threading.Event()
    with signals_handled(asked.set):
        assert SignalThread.started is thread
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked.wait(WAITS_S)
    assert SignalThread.started is thread
    assert ended.happened.acquire(timeout=WAITS_S)  # it did not close in time


def test_nobody_who_does_not_read_stderr_delays_the_end(monkeypatch: pytest.MonkeyPatch, ended: Ended) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, bytes(65536))
    os.set_blocking(writer, True)
    monkeypatch.setattr(signals, "_STDERR", writer)
    thread = SignalThread(0.01, ended)
    thread.on_end(lambda: None)
    thread.start()
    try:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        assert ended.happened.acquire(timeout=WAITS_S)
    finally:
        thread.close()
        os.close(reader)
        os.close(writer)


# A daemon thread in a native call while the interpreter ends: without ``end_process``, it aborts the process.
ABANDONED = """
import sys, threading
from server.process import end_process
began = threading.Event()
def work():
    began.set()
    threading.Event().wait()
threading.Thread(target=work, daemon=True).start()
began.wait()
import atexit
atexit.register(print, "the interpreter has ended")
print("the last words", end="")
end_process(int(sys.argv[1]))
"""


@pytest.mark.parametrize("code", [0, 2])
def test_an_abandoned_thread_does_not_abort_the_process(code: int) -> None:
    done = subprocess.run([sys.executable, "-c", ABANDONED, str(code)], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (code, "the last words", "")


def test_logging_is_not_needed_for_a_word(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    signals._say("so it is")
    assert capfd.readouterr().err == "camweave: so it is\n"
