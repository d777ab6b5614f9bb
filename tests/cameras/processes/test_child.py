from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cameras import Child

WAITS_S = 20.0
# It says its process id and sleeps in native code, where no Python code runs.
SLEEPS = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
# A thread starts the child and ends; then this process waits to be killed.
PARENT = f"""
import sys, threading, time
from cameras import Child
children = []
started = threading.Thread(target=lambda: children.append(Child([sys.executable, "-c", {SLEEPS!r}], stdout=1)))
started.start()
started.join()
time.sleep(600)
"""


def ended(pid: int) -> bool:
    """Wait until a process has ended, which need not be a child of this one."""
    try:
        opened = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([opened], [], [], WAITS_S)[0])
    finally:
        os.close(opened)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent(end: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.send_signal(end)
        assert parent.wait(WAITS_S) == -end
        assert ended(pid)


def test_a_stopped_child_ends_with_its_parent_too() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        parent.kill()
        parent.wait(WAITS_S)
        assert ended(pid)


def test_closing_kills_it_and_gives_its_exit_code() -> None:
    child = Child([sys.executable, "-c", SLEEPS], stdout=subprocess.PIPE)
    assert child.process.stdout is not None and int(child.process.stdout.readline()) == child.process.pid
    before = set(os.listdir("/proc/self/fd"))
    assert child.close() == -signal.SIGKILL
    assert child.close() == -signal.SIGKILL
    assert len(os.listdir("/proc/self/fd")) == len(before) - 2, "the pipe and the output are closed"


def test_a_child_that_has_ended_keeps_its_exit_code() -> None:
    child = Child([sys.executable, "-c", "raise SystemExit(3)"])
    assert child.process.wait(WAITS_S) == 3
    assert child.close() == 3


def test_a_program_that_does_not_exist_leaves_nothing_open() -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileNotFoundError):
        Child(["/no/such/program"])
    assert os.listdir("/proc/self/fd") == before


def test_its_cpu_time_is_known_until_it_is_closed() -> None:
    child = Child([sys.executable, "-c", SLEEPS], stdout=subprocess.PIPE)
    assert child.process.stdout is not None and child.process.stdout.readline()
    before = child.cpu_s
    assert before is not None and 0 < before < WAITS_S
    child.close()
    assert child.cpu_s is None
