"""The watchdog of the event loop: what it measures, and the stack of a standstill."""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.process import SignalThread
from server.program import LoopWatchdog
from server.program.loop_watchdog import LOOK_AGAIN_S
from server.program.thread_schedule import Schedule, ThreadSchedule

LIBRARY = ctypes.CDLL(None)
WAITS_S = 10.0
LONG_S = 2.0  # longer than a busy machine keeps a thread waiting for a core


@pytest.fixture
def signals() -> Iterator[SignalThread]:
    thread = SignalThread(end=lambda code: None)
    thread.start()
    yield thread
    thread.close()


def stand_still(milliseconds: int) -> None:
    """Block the thread in calls of the C library, which the alarm may interrupt."""
    until_s = time.monotonic() + milliseconds / 1000
    while (left_s := until_s - time.monotonic()) > 0:
        LIBRARY.usleep(round(1e6 * left_s))


class Clock:
    """A clock that goes only when it is told to: a busy machine does not change what is measured."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now_s += milliseconds / 1000


class FakeSchedule(ThreadSchedule):
    """The schedule of a thread that waits for a processor only when it is told to."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.now = Schedule(ready=False, runs=0, waited_s=0.0)
        self.reads = 0

    def waited_s(self) -> float:
        self.reads += 1
        return self.now.waited_s

    def read(self) -> Schedule:
        return self.now

    def close(self) -> None:
        pass

    def wait(self, milliseconds: int) -> None:
        """Let time pass without a processor."""
        self._clock.advance(milliseconds)
        self.now = self.now._replace(waited_s=self.now.waited_s + milliseconds / 1000)


def faked(limit_s: float = 0.1) -> tuple[LoopWatchdog, Clock, FakeSchedule]:
    """Return a watchdog of a thread that neither works nor waits by itself."""
    clock = Clock()
    schedule = FakeSchedule(clock)
    return LoopWatchdog(limit_s, clock, lambda: schedule), clock, schedule


async def passes(watchdog: LoopWatchdog, work: Callable[[int], object], *milliseconds: int) -> LoopWatchdog:
    """Run the loop for some passes, each of which works for so many milliseconds."""
    watchdog.start()
    for each in milliseconds:
        await asyncio.to_thread(lambda: None)
        work(each)
        await asyncio.to_thread(lambda: None)
    watchdog.stop()
    watchdog.stop()
    return watchdog


def test_the_longest_pass_is_measured_and_long_ones_are_counted() -> None:
    watchdog, clock, _ = faked()
    asyncio.run(passes(watchdog, clock.advance, 0, 150, 99, 250))
    assert watchdog.longest_s == pytest.approx(0.25)
    assert watchdog.standstills == 2
    assert watchdog.standstill_s == pytest.approx(0.4)


def test_waiting_is_no_standstill() -> None:
    async def main() -> float:
        watchdog.start()
        select = watchdog._select

        def waits(timeout: float | None) -> Any:
            clock.advance(300)
            return select(timeout)

        watchdog._select = waits
        await asyncio.to_thread(lambda: None)
        watchdog.stop()
        return watchdog.longest_s

    watchdog, clock, _ = faked()
    assert asyncio.run(main()) == 0 < clock.now_s


@pytest.mark.parametrize(("late_ms", "reads"), [(0, 0), (1, 10), (6, 50)])
def test_a_loop_that_sleeps_until_its_time_does_not_ask_the_system(late_ms: int, reads: int) -> None:
    async def main() -> int:
        watchdog.start()
        before = schedule.reads

        def sleeps(timeout: float) -> list[Any]:
            clock.advance(round(1000 * timeout) + late_ms)
            return []

        watchdog._select = sleeps
        for _ in range(50):
            watchdog._observed(0.1)
        asked = schedule.reads - before
        watchdog.stop()
        return asked

    watchdog, clock, schedule = faked()
    assert asyncio.run(main()) == pytest.approx(reads, abs=1)


def test_waiting_for_a_processor_is_no_standstill() -> None:
    def work(milliseconds: int) -> None:
        clock.advance(milliseconds)
        schedule.wait(250)

    watchdog, clock, schedule = faked()
    asyncio.run(passes(watchdog, work, 90, 150))
    assert watchdog.longest_s == pytest.approx(0.15)
    assert watchdog.standstills == 1
    assert watchdog.standstill_s == pytest.approx(0.15)


def test_waits_before_a_pass_are_not_subtracted_from_it() -> None:
    watchdog, clock, schedule = faked()
    asyncio.run(passes(watchdog, schedule.wait, 500))
    asyncio.run(passes(watchdog, clock.advance, 150))
    assert watchdog.standstill_s == pytest.approx(0.15)


def test_passes_in_quick_succession_do_not_ask_the_system_each_time() -> None:
    async def main() -> None:
        watchdog.start()
        for _ in range(20):
            clock.advance(1)
            await asyncio.sleep(0)
        watchdog.stop()

    watchdog, clock, schedule = faked()
    watchdog.longest_s = 1.0  # no pass is worth a look of its own
    asyncio.run(main())
    assert schedule.reads == 1 + 20 // 5


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the times that alarms are set to; none comes."""
    times: list[float] = []
    monkeypatch.setattr(signal, "setitimer", lambda _, seconds: times.append(seconds))
    return times


def test_no_stack_is_logged_of_a_thread_without_a_processor(
    timers: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    """Until it runs again, the system does not say that it waits."""

    async def main() -> None:
        watchdog.start()
        clock.advance(55)
        schedule.now = Schedule(ready=True, runs=1, waited_s=0.0)
        for _ in range(9):  # it may run
            clock.advance(10)
            watchdog._alarm()
        assert timers == pytest.approx([0.035, 0.025, 0.015, 0.005, *[LOOK_AGAIN_S] * 5])
        schedule.now = Schedule(ready=True, runs=2, waited_s=0.09)  # it has not run
        watchdog._alarm()
        assert timers[9:] == pytest.approx([0.045])
        assert not caplog.records
        clock.advance(60)
        watchdog._alarm()  # it runs or waits
        assert not caplog.records
        clock.advance(5)
        schedule.now = schedule.now._replace(runs=3)
        watchdog._alarm()  # it has run since
        assert len(caplog.records) == 1
        watchdog.stop()

    watchdog, clock, schedule = faked()
    asyncio.run(main())


def test_the_stack_of_a_sleeping_thread_is_logged_at_once(
    timers: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    """A wait for the lock of the interpreter is such a sleep."""

    async def main() -> None:
        watchdog.start()
        schedule.wait(80)
        clock.advance(100)
        watchdog._alarm()
        watchdog.stop()

    watchdog, clock, schedule = faked()
    asyncio.run(main())
    assert not timers and len(caplog.records) == 1


def test_the_stack_is_logged_while_it_stands_still(signals: SignalThread, caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(passes(LoopWatchdog(0.5), stand_still, 1500, 1500))
    (record,) = caplog.records  # one in ten seconds
    assert record.getMessage() == "the event loop stands still for more than 0.5 s"
    assert record.stack_info is not None and "in stand_still\n    LIBRARY.usleep(" in record.stack_info


def test_the_stack_of_an_import_shows_what_imports(
    signals: SignalThread, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(1.5)\n")
    monkeypatch.syspath_prepend(tmp_path)
    asyncio.run(passes(LoopWatchdog(0.5), lambda _: importlib.import_module("slow_to_import"), 0))
    (record,) = caplog.records
    assert record.stack_info is not None and "importlib._bootstrap" not in record.stack_info
    assert "slow_to_import.py" in record.stack_info and 'import_module("slow_to_import")' in record.stack_info


def test_nothing_is_logged_without_a_standstill(signals: SignalThread, caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(passes(LoopWatchdog(LONG_S), stand_still, *[100] * 25))
    assert caplog.messages == []


def test_many_short_passes_are_no_standstill(signals: SignalThread, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        watchdog = LoopWatchdog(LONG_S)
        watchdog.start()
        until_s = time.monotonic() + 1.2 * LONG_S
        for _ in iter(lambda: time.monotonic() < until_s, False):
            await asyncio.sleep(0)
        watchdog.stop()
        assert watchdog.standstills == 0

    asyncio.run(main())
    assert caplog.messages == []


def test_an_alarm_during_a_look_at_the_sockets_is_not_lost(
    signals: SignalThread, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        watchdog = LoopWatchdog(LONG_S)
        watchdog.start()
        select = watchdog._select
        looks: list[float | None] = []

        def interrupted(timeout: float | None) -> Any:
            if timeout == 0 and not looks:
                looks.append(timeout)
                signal.setitimer(signal.ITIMER_REAL, 0)
                watchdog._alarm()  # the alarm of a pass that has just ended
            return select(timeout)

        watchdog._select = interrupted
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert looks
        left_s, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < left_s <= LONG_S
        watchdog.stop()

    asyncio.run(main())
    assert not caplog.records


def test_a_loop_on_another_thread_is_measured_too(signals: SignalThread) -> None:
    watchdog, clock, _ = faked()
    thread = threading.Thread(target=lambda: asyncio.run(passes(watchdog, clock.advance, 150)))
    thread.start()
    thread.join(WAITS_S)
    assert watchdog.standstills == 1
