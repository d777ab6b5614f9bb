"""A graph on an executor that nobody here knows: one class, handed to the graph, runs all lines and encoders."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cameras import Classification, SlotClosed
from pipeline import FrameTask, Graph, Run, State, WorkerExecutor
from pipeline.execution import CLOSE_LIMIT_S, retry_pause_s
from streams import EncodedFrame, EncoderPool
from tests.fakes import FakeClock, FakeTimer, FakeVision
from tests.pipeline.builders import config
from vision import ModelError

# The executor: all that there is to write.


class SharedThread(WorkerExecutor):
    """Runs all tasks on one thread; each function that blocks still has its own."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.clock = clock
        self.ready: queue.SimpleQueue[SharedRun | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._serve, name="shared")
        self.thread.start()

    def start_task(self, task: FrameTask, previous: Run | None = None) -> SharedRun:
        run = SharedRun(task, previous, self)
        run.wake()
        return run

    def _serve(self) -> None:
        while (run := self.ready.get()) is not None:
            run.turn()


class SharedRun:
    def __init__(self, task: FrameTask, previous: Run | None, executor: SharedThread) -> None:
        self.name = task.name
        self._task, self._previous, self._executor = task, previous, executor
        self._stopping, self._ended = threading.Event(), threading.Event()
        self._open, self._failures = False, 0

    def wake(self) -> None:
        self._executor.ready.put(self)

    def stop(self) -> None:
        self._stopping.set()
        self._task.frames.close()
        self.wake()

    def wait(self, limit_s: float | None = None) -> bool:
        return self._ended.wait(CLOSE_LIMIT_S if limit_s is None else limit_s)

    def turn(self) -> None:
        """Do the work that is there now, without waiting for more."""
        try:
            if self._ended.is_set() or not (self._open or self._opened()):
                return
            self._task.process(self._task.frames.get(0))
        except SlotClosed:
            self._task.close()
            self._ended.set()
            return
        except TimeoutError:
            if self._task.due_in_s() == 0.0:
                self._task.idle()
        if (due_s := self._task.due_in_s()) is not None:
            self._executor.clock.call_later(due_s, self.wake)

    def _opened(self) -> bool:
        if self._stopping.is_set():
            raise SlotClosed
        if self._previous is not None and not self._previous.wait(0):
            self.wake()  # its own turns come between
            return False
        try:
            self._task.open()
        except Exception as error:
            self._failures += 1
            self._task.failed_to_open(error)
            self._executor.clock.call_later(retry_pause_s(self._failures), self.wake)
            return False
        self._open = True
        self._task.frames.on_ready(self.wake)
        return True


# All that follows is the graph as it is.

CHAIN = """
    cameras:
      - {name: scene, model: test_pattern, attributes: {width_px: 64, height_px: 64, frame_rate: 60}}
      - name: named
        model: transform
        attributes: {source: scene, pipeline: [{type: classifications, attributes: {classifier_name: stars}}]}
      - name: cut
        model: transform
        attributes: {source: named, pipeline: [{type: crop, attributes: {x_max_px: 0.5, y_max_px: 0.5}}]}
    services:
      - name: stars
        type: vision
        model: color_detector
        attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1}
"""


class Clock(FakeClock):
    """Says when something is scheduled."""

    def __init__(self) -> None:
        super().__init__()
        self.scheduled = threading.Event()

    def call_later(self, seconds: float, action: Callable[[], None]) -> FakeTimer:
        timer = super().call_later(seconds, action)
        self.scheduled.set()
        return timer


class Sink:
    """Notes the frames of an encoder and the thread they come on."""

    loop: asyncio.AbstractEventLoop | None = None

    def __init__(self) -> None:
        self.frames: list[EncodedFrame] = []
        self.threads: set[str] = set()
        self.came = threading.Semaphore(0)
        self.ended = threading.Event()

    def push(self, frame: EncodedFrame) -> bool:
        self.frames.append(frame)
        self.threads.add(threading.current_thread().name)
        self.came.release()
        return True

    def end(self) -> None:
        self.ended.set()


@contextmanager
def shared_thread(clock: Clock) -> Iterator[SharedThread]:
    executor = SharedThread(clock)
    try:
        yield executor
    finally:
        executor.ready.put(None)
        executor.thread.join(5)


def test_a_whole_graph_runs_on_another_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    stars = FakeVision("stars", classifications=[Classification("star", 0.9)])
    monkeypatch.setattr("pipeline.graph.make_services", lambda config: {"stars": stars})
    clock, pool, sink = Clock(), EncoderPool(), Sink()
    with shared_thread(clock) as executor:
        graph = Graph(config(CHAIN), clock=clock, executor=executor)
        graph.open()
        stars.fails = ModelError("not yet")
        cut, named = graph.feeds["cut"], graph.feeds["named"]
        subscription = pool.subscribe(cut, "h264", sink)
        assert clock.scheduled.wait(5)
        assert (named.state, named.error) == (State.OFFLINE, "pipeline[0] (classifications): not yet")
        stars.fails = None
        clock.advance(0.5)
        assert sink.came.acquire(timeout=10) and sink.came.acquire(timeout=10)
        assert sink.frames[0].is_key_frame and sink.threads == {"shared"}
        assert not [thread for thread in threading.enumerate() if thread.name.startswith(("line", "encoder"))]
        with cut.watch() as watch:
            came = watch.get(5)
        assert ((came.width, came.height), [each.label for each in came.annotations]) == ((32, 32), ["star"])

        # Other transforms: the new run of the line waits until the old one has ended.
        graph.reconfigure(config(CHAIN.replace("x_max_px: 0.5", "x_max_px: 0.25")))
        with cut.watch() as watch:
            while watch.get(5).width != 16:
                pass

        subscription.close()
        pool.close()
        graph.close()
        assert not stars.loaded
        assert {feed.state for feed in graph.feeds.values()} == {State.IDLE}
