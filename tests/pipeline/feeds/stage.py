"""Feeds with producers that a test controls."""

from __future__ import annotations

import threading
from fractions import Fraction

from cameras import Attributes, Frame
from pipeline import Executor, Feed, Output, Producer, Run, State, WorkerExecutor
from pipeline.execution import BlockingRun
from pipeline.producers.line import Line
from pipeline.producers.step import Row
from tests.fakes import FakeClock, frame
from tests.pipeline.builders import camera_config
from transforms import Transform


class Still(Producer):
    """A producer without a thread: publishes the frames of the test on the test's thread."""

    def __init__(self) -> None:
        self.output: Output | None = None
        self.starts = 0
        self.runs: list[Run] = []
        self.stopped = threading.Event()
        self.refuses: Exception | None = None

    state = State.RUNNING
    error = None

    def start(self, output: Output, executor: Executor, previous: Run | None = None) -> Run:
        if self.refuses is not None:
            raise self.refuses
        self.output = output
        self.starts += 1
        self.runs.append(executor.start_thread("still", self._work, previous))
        return self.runs[-1]

    def _work(self, run: BlockingRun) -> None:
        assert run.stopping.wait(5)
        self.stopped.set()

    def give(self, made: Frame) -> bool:
        assert self.output is not None
        return self.output.publish(made)


class Stage:
    """Feeds that share a clock and a lock, each with a producer that the test controls."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.lock = threading.RLock()
        self.feeds: list[Feed] = []

    def feed(self, name: str, producer: Producer, source: Feed | None = None) -> Feed:
        feed = Feed(name, self.clock, self.lock, WorkerExecutor(self.clock))
        feed.produce(camera_config(name), producer, source)
        self.feeds.append(feed)
        return feed

    def line(self, name: str, source: Feed, *transforms: Transform[Attributes]) -> Feed:
        feed = Feed(name, self.clock, self.lock, WorkerExecutor(self.clock))
        self.feeds.append(feed)
        self.put_line(feed, source, *transforms)
        return feed

    def put_line(self, feed: Feed, source: Feed, *transforms: Transform[Attributes]) -> None:
        line = Line(feed.name, source, Row(transforms), self.clock, feed.reports)
        feed.produce(camera_config(feed.name), line, source)

    def close(self) -> None:
        for feed in reversed(self.feeds):
            assert feed.close()


class Beside(Still):
    """A producer that opens beside the one that it replaces; all of them number the frames of one source."""

    opens_beside = True
    origin = "the source"


def at(pts: int, second: float, sequence: int = 0, time_base: Fraction = Fraction(1, 30)) -> Frame:
    """Return a frame captured at a second of the monotonic clock."""
    return frame(pts, time_base=time_base).retimed(pts, time_base, sequence).marked("captured", second)
