"""The executor: one run after the other, retried when opening fails, ended in time."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import pipeline
import streams
from cameras import Frame, Slot
from pipeline import FrameTask, SystemClock, WorkerExecutor
from pipeline.execution import BlockingRun, workers
from pipeline.execution.tasks import RETRY_PAUSES_S
from tests.fakes import BusyMachine, FakeClock, frame
from tests.vision.fakes import runtime
from vision import Runtime
from vision.runtimes import Batch, BoundedRuntime, ModelFile, Tensor

THREADS = WorkerExecutor(SystemClock())


class Task(FrameTask):
    """Records its calls."""

    def __init__(self) -> None:
        self.name = "task"
        self.frames: Slot[Frame] = Slot()
        self.refuses: list[BaseException] = []
        self.calls: list[object] = []
        self.due: float | None = None
        self.called = threading.Semaphore(0)

    def open(self) -> None:
        if self.refuses:
            raise self.refuses.pop(0)
        self._note("open")

    def failed_to_open(self, error: BaseException) -> None:
        self._note(str(error))

    def process(self, frame: Frame) -> None:
        self._note(frame.pts)

    def due_in_s(self) -> float | None:
        return self.due

    def idle(self) -> None:
        self.due = None
        self._note("idle")

    def close(self) -> None:
        self._note("close")

    def wait_for(self, number: int) -> list[object]:
        for _ in range(number):
            assert self.called.acquire(timeout=5)
        return self.calls

    def _note(self, what: object) -> None:
        self.calls.append(what)
        self.called.release()


def test_a_task_is_opened_processes_frames_and_is_closed() -> None:
    task = Task()
    run = WorkerExecutor(FakeClock()).start_task(task)
    task.frames.put(frame(pts=3))
    assert task.wait_for(2) == ["open", 3]
    run.stop()
    assert run.wait()
    assert task.calls == ["open", 3, "close"]


class Inferring(Task):
    """Runs a model on each frame."""

    def __init__(self, model: Runtime) -> None:
        super().__init__()
        self._model = model

    def process(self, frame: Frame) -> None:
        self._model.infer({"input": np.zeros((1, 4, 4, 3), np.uint8)})
        super().process(frame)


def test_with_one_worker_a_task_whose_model_runs_elsewhere_does_not_hold_up_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "BLOCKED_S", 1000.0)
    began, go = threading.Event(), threading.Event()

    def infer(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        began.set()
        assert go.wait(10)
        return {"out": np.zeros(1)}

    go.set()
    kind = runtime(infer)  # infers once, for the shapes
    began.clear()
    go.clear()
    kind.elsewhere = True
    model = BoundedRuntime(kind(ModelFile(Path("model"), b"a model", "")), Path("model"))
    executor = WorkerExecutor(FakeClock(), workers=1)
    slow, other = Inferring(model), Task()
    runs = [executor.start_task(task) for task in (slow, other)]
    slow.frames.put(frame(pts=1))
    assert began.wait(10)
    other.frames.put(frame(pts=2))
    assert other.wait_for(2) == ["open", 2]
    assert slow.calls == ["open"]
    go.set()
    slow.wait_for(2)
    for run in runs:
        run.stop()
        assert run.wait()
    model.close()
    assert slow.calls == ["open", 1, "close"]


def test_with_one_worker_several_tasks_fill_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "BLOCKED_S", 1000.0)
    rows: list[int] = []

    def infer(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        rows.append(len(inputs["input"]))
        return {"out": np.zeros((len(inputs["input"]), 1))}

    kind = runtime(infer)
    rows.clear()
    model = BoundedRuntime(kind(ModelFile(Path("model"), b"a model", "")), Path("model"), batch=Batch(3, 60.0))
    executor = WorkerExecutor(FakeClock(), workers=1)
    tasks = [Inferring(model) for _ in range(3)]
    runs = [executor.start_task(task) for task in tasks]
    for task in tasks:
        task.frames.put(frame(pts=1))
    for task, run in zip(tasks, runs, strict=True):
        assert task.wait_for(2) == ["open", 1]
        run.stop()
        assert run.wait()
    model.close()
    assert rows == [3]


def test_starting_and_stopping_do_not_wait_until_the_thread_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, task = BusyMachine(monkeypatch), Task()
    run = WorkerExecutor(FakeClock()).start_task(task)
    run.stop()
    assert not run.wait(0)
    machine.give()
    assert run.wait()
    assert task.calls == ["close"]


def test_a_blocking_run_that_is_stopped_before_it_runs_closes_what_it_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, closed = BusyMachine(monkeypatch), threading.Event()
    run = THREADS.start_thread("late", lambda run: run.on_stop(closed.set))
    run.stop()
    assert not run.wait(0) and not closed.is_set()
    machine.give()
    assert run.wait(5) and closed.is_set()


def test_opening_is_retried_with_growing_pauses() -> None:
    task, clock = Task(), FakeClock()
    task.refuses = [ValueError("one"), SystemError("two")]
    run = WorkerExecutor(clock).start_task(task)
    assert task.wait_for(3) == ["one", "two", "open"]
    assert clock.pauses == list(RETRY_PAUSES_S[:2])
    run.stop()
    assert run.wait()


def test_idle_is_called_when_work_is_due_and_no_frame_comes() -> None:
    task = Task()
    run = WorkerExecutor(FakeClock()).start_task(task)
    task.wait_for(1)
    task.due = 0.0
    run.wake()
    assert task.wait_for(1) == ["open", "idle"]
    run.wake()  # looked at again, and nothing is due
    task.frames.put(frame(pts=1))
    assert task.wait_for(1) == ["open", "idle", 1]
    run.stop()
    assert run.wait()


def test_a_run_starts_when_the_previous_one_has_ended() -> None:
    order: list[str] = []
    go = threading.Event()

    def first(run: BlockingRun) -> None:
        assert go.wait(5)
        order.append("first")

    before = THREADS.start_thread("first", first)
    after = THREADS.start_thread("second", lambda run: order.append("second"), before)
    go.set()
    assert after.wait(5)
    assert order == ["first", "second"]


def _wait(event: threading.Event) -> None:
    event.wait(5)


def test_a_run_that_does_not_end_is_abandoned(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    held, began = threading.Event(), threading.Event()
    stuck = THREADS.start_thread("stuck", lambda run: _wait(held))
    monkeypatch.setattr(stuck, "wait", lambda: False)
    after = THREADS.start_thread("after", lambda run: began.set(), stuck)
    assert began.wait(5)
    assert after.wait(5)
    assert caplog.messages == ["after: the previous run does not end; it is abandoned"]
    held.set()
    monkeypatch.undo()
    assert stuck.wait(5)


def test_a_blocking_closer_does_not_block_stop() -> None:
    opened, closing, release = threading.Event(), threading.Event(), threading.Event()

    def close() -> None:
        closing.set()
        release.wait(5)

    def work(run: BlockingRun) -> None:
        run.on_stop(close)
        opened.set()
        assert release.wait(5)

    run = THREADS.start_thread("driver", work)
    assert opened.wait(5)
    run.stop()
    assert closing.wait(5)
    release.set()
    assert run.wait()


def test_only_the_executor_and_the_clock_start_threads() -> None:
    rooms = [Path(file).parent for file in (pipeline.__file__, streams.__file__)]
    starting = {
        str(path.relative_to(room.parent))
        for room in rooms
        for path in room.rglob("*.py")
        if re.search(r"\b((Background)?Thread|ThreadPoolExecutor|to_thread|run_in_executor)\(", path.read_text())
    }
    names = ("blocking", "clock", "executor", "workers")  # the clock has one for its timers
    # Files are annotated without a graph.
    assert starting == {*(f"pipeline/execution/{name}.py" for name in names), "streams/stages.py"}
