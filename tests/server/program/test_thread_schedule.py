"""What the system says of a thread, and what it does not."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.program.thread_schedule import Schedule, ThreadSchedule


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of this thread in a ``/proc`` of the test."""
    folder = tmp_path / str(threading.get_native_id())
    folder.mkdir()
    monkeypatch.setattr("server.program.thread_schedule.PROC", tmp_path)
    (folder / "schedstat").write_text("28772563 2500000000 4\n")
    (folder / "stat").write_text("7 (a) R (b) S 1 2 3\n")
    return folder


@pytest.fixture
def schedule(proc: Path) -> Iterator[ThreadSchedule]:
    schedule = ThreadSchedule()
    yield schedule
    schedule.close()


def test_it_says_how_long_a_thread_has_waited_and_whether_it_sleeps(schedule: ThreadSchedule, proc: Path) -> None:
    assert schedule.waited_s() == 2.5
    before = schedule.read()
    assert (before.ready, before.waited_s) == (False, 2.5)
    (proc / "stat").write_text("7 (a) R (b) R 1 2 3\n")
    assert schedule.read() == before._replace(ready=True)
    (proc / "schedstat").write_text("28772563 3500000000 5\n")
    after = schedule.read()
    assert after.runs != before.runs and after.waited_s == 3.5


@pytest.mark.parametrize("text", [None, "", "1\n", "not here\n"])
def test_where_the_system_does_not_say_it_the_thread_never_waits(proc: Path, text: str | None) -> None:
    (proc / "schedstat").unlink() if text is None else (proc / "schedstat").write_text(text)
    files = os.listdir("/proc/self/fd")
    schedule = ThreadSchedule()
    assert schedule.waited_s() == 0
    assert schedule.read() == Schedule(False, None, 0)
    assert len(os.listdir("/proc/self/fd")) == len(files)


def test_it_says_nothing_once_it_is_closed(schedule: ThreadSchedule) -> None:
    schedule.close()
    assert schedule.waited_s() == 0
    assert schedule.read() == Schedule(False, None, 0)


def test_it_reads_the_thread_that_has_made_it() -> None:
    """This thread runs while it reads; the other one sleeps until it is joined."""
    made: list[ThreadSchedule] = []
    ready, ends = threading.Event(), threading.Event()

    def other() -> None:
        made.append(ThreadSchedule())
        ready.set()
        ends.wait()

    thread = threading.Thread(target=other)
    thread.start()
    ready.wait()
    while made[0].read().ready:  # on its way to sleep
        pass
    own = ThreadSchedule()
    assert own.read().ready
    ends.set()
    thread.join()
    own.close()
    made[0].close()
