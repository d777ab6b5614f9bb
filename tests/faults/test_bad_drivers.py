"""Faults of cameras, transforms and the system at every step: they must not affect anything else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from cameras import Attributes, Camera, CameraEnded, CameraError, Frame, Slot, SlotClosed
from pipeline import Feed, State
from pipeline.execution import blocking
from pipeline.execution.clock import SystemClock
from pipeline.graph import Graph
from tests.fakes import FakeCamera, FakeClock, NoAttributes, frame
from tests.pipeline.builders import config, line_feed, source_feed
from transforms import Transform


class Panic(BaseException):
    """An error of a native library: not an ``Exception``."""


class ScriptedCamera(Camera[Attributes]):
    """A camera whose steps the test can replace; frames wait until it is open."""

    model_name = "odd"
    attributes_type = NoAttributes

    def __init__(self) -> None:
        super().__init__("odd", NoAttributes())
        self.on_open: Callable[[], None] = lambda: None
        self.on_read: Callable[[], None] = lambda: None
        self.on_close: Callable[[], None] = lambda: None
        self.opened = 0
        self._items: list[Frame | Exception] = []
        self._changed = threading.Condition()
        self._is_open = False

    def give(self, *items: Frame | Exception) -> None:
        with self._changed:
            self._items += items
            self._changed.notify_all()

    def open(self) -> None:
        self.on_open()
        with self._changed:
            self._is_open = True
            self.opened += 1

    def read(self) -> Frame:
        self.on_read()
        with self._changed:
            assert self._changed.wait_for(lambda: self._items or not self._is_open, 10)
            if not self._is_open:
                raise CameraError("closed")
            item = self._items.pop(0)
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        with self._changed:
            self._is_open = False
            self._changed.notify_all()
        self.on_close()


class Plain(Transform[Attributes]):
    """A transform that does nothing, and counts how often it is open."""

    type_name = "plain"
    attributes_type = NoAttributes

    def __init__(self) -> None:
        super().__init__(NoAttributes(), {})
        self.on_apply: Callable[[], None] = lambda: None
        self.on_open: Callable[[], None] = lambda: None
        self.on_close: Callable[[], None] = lambda: None
        self.is_open = False

    def open(self) -> None:
        self.on_open()
        self.is_open = True

    def apply(self, frame: Frame) -> Frame:
        self.on_apply()
        return frame

    def close(self) -> None:
        self.is_open = False
        self.on_close()


def once(error: BaseException) -> Callable[[], None]:
    """Return a function that fails on its first call."""
    errors = [error]

    def fail() -> None:
        if errors:
            raise errors.pop()

    return fail


def always(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def thread_of(feed: Feed) -> blocking.ThreadRun:
    """Return the present or last run of a feed."""
    assert isinstance(feed._run, blocking.ThreadRun)
    return feed._run


def assert_(true: bool) -> None:
    assert true


class Cameras:
    """A source named porch and lines on it, all closed at the end."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.lock = threading.RLock()
        self.camera = ScriptedCamera()
        self.source = self.another("porch", self.camera)
        self.cameras: list[Feed] = [self.source]

    def another(self, name: str, camera: Camera[Attributes]) -> Feed:
        return source_feed(name, lambda: camera, self.clock, self.lock)

    def line(self, *transforms: Transform[Attributes]) -> Feed:
        made = line_feed("line", self.source, *transforms, clock=self.clock, lock=self.lock)
        self.cameras.insert(0, made)
        return made


@pytest.fixture
def setup() -> Iterator[Cameras]:
    built = Cameras()
    yield built
    for camera in built.cameras:
        assert camera.close()


@pytest.mark.parametrize("error", [MemoryError(), OSError("broken"), Panic("foreign")], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("step", ["on_open", "on_read"])
def test_a_camera_is_reopened_after_any_exception(setup: Cameras, step: str, error: BaseException) -> None:
    setattr(setup.camera, step, once(error))
    with setup.source.watch() as watch:
        setup.camera.give(frame())
        assert watch.get(5)
    assert setup.source.counters["errors"] == 1


def test_a_camera_that_fails_to_close_is_reopened(setup: Cameras) -> None:
    setup.camera.on_close = always(RuntimeError("no"))
    setup.camera.on_read = once(CameraError("lost"))
    with setup.source.watch() as watch:
        setup.camera.give(frame())
        assert watch.get(5)
    setup.clock.advance(3600)


def test_a_driver_that_hangs_while_closing_blocks_no_other_camera(setup: Cameras) -> None:
    back = threading.Event()
    setup.camera.on_close = lambda: assert_(back.wait(10))
    other = FakeCamera("other")
    second = setup.another("second", other)
    with setup.source.watch() as first_watch, second.watch() as second_watch:
        setup.camera.give(frame())
        other.give(frame())
        assert first_watch.get(5) and second_watch.get(5)
    setup.clock.advance(3600)
    assert other.closed.wait(5), "its linger ended at the same time"
    assert second.close()
    back.set()


def test_a_camera_closed_just_before_it_was_opened_is_closed_again(setup: Cameras) -> None:
    entered, go = threading.Event(), threading.Event()

    def open_late() -> None:
        entered.set()
        assert go.wait(5)

    setup.camera.on_open = open_late
    with setup.source.watch():
        assert entered.wait(5)
    setup.clock.advance(3600)
    go.set()
    assert setup.source.close(), "its read would wait for ever"


def test_a_watch_opened_while_the_camera_closes_for_good_ends(setup: Cameras, monkeypatch: pytest.MonkeyPatch) -> None:
    attach = setup.source.attach

    def closed_meanwhile(slot: Slot[Frame]) -> None:
        setup.source.close()
        attach(slot)

    monkeypatch.setattr(setup.source, "attach", closed_meanwhile)
    with pytest.raises(SlotClosed), setup.source.watch() as watch:
        watch.get(5)


def test_all_cameras_are_stopped_before_the_first_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Graph(
        config(
            """
            cameras:
              - {name: one, model: test_pattern, attributes: {width_px: 64, height_px: 64}}
              - {name: two, model: test_pattern, attributes: {width_px: 64, height_px: 64}}
            """
        ),
        clock=FakeClock(),
    )
    watches = [camera.watch() for camera in graph.feeds.values()]
    waited: list[list[bool]] = []

    def wait(run: blocking.ThreadRun, limit_s: float | None = None) -> bool:
        waited.append([thread_of(feed).stopping.is_set() for feed in graph.feeds.values()])
        run._thread.join()
        return True

    monkeypatch.setattr(blocking.ThreadRun, "wait", wait)
    graph.close()
    assert waited == [[True, True], [True, True]]
    for watch in watches:
        watch.close()


def test_a_watch_without_threads_fails_and_leaves_no_demand(setup: Cameras, monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def no_more_lines(thread: threading.Thread) -> None:
        if thread.name.startswith("line"):
            raise RuntimeError("can't start new thread")
        start(thread)

    line = setup.line(Plain())
    monkeypatch.setattr(threading.Thread, "start", no_more_lines)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        line.watch()
    setup.clock.advance(3600)
    assert (line.watched, setup.source.watched, setup.source.state) == (False, False, State.IDLE)
    monkeypatch.undo()
    with line.watch() as watch:
        setup.camera.give(frame())
        assert watch.get(5)


def test_a_linger_cancelled_too_late_does_not_shorten_the_next_one(setup: Cameras) -> None:
    setup.source.watch().close()
    too_late = setup.clock.timers[0].action
    assert too_late is not None
    setup.source.watch().close()
    too_late()
    assert setup.source.state is not State.IDLE


def test_a_kept_camera_that_has_ended_starts_again_with_the_first_watch(setup: Cameras) -> None:
    setup.camera.give(frame(), CameraEnded("over"))
    first_closed = threading.Event()
    setup.camera.on_close = first_closed.set
    setup.source.keep_running()
    assert first_closed.wait(5)
    thread_of(setup.source)._thread.join(5)
    assert setup.source.state is State.ENDED
    setup.camera.give(frame(pts=7))
    with setup.source.watch() as watch:
        while watch.get(5).sequence == 0:
            pass
    assert setup.camera.opened == 2


def test_a_timer_that_fails_does_not_end_the_others() -> None:
    clock = SystemClock()
    done = threading.Event()
    clock.call_later(0.0, always(ValueError("no")))
    clock.call_later(0.01, done.set)
    assert done.wait(5)
    clock.close()


@pytest.mark.parametrize("error", [MemoryError(), Panic("foreign")], ids=lambda e: type(e).__name__)
def test_any_exception_of_a_transform_loses_one_frame(setup: Cameras, error: BaseException) -> None:
    transform = Plain()
    failed, fail = threading.Event(), once(error)

    def apply() -> None:
        failed.set()
        fail()

    transform.on_apply = apply
    line = setup.line(transform)
    with line.watch() as watch, setup.source.watch() as source:
        setup.camera.give(frame())
        assert source.get(5).sequence == 0
        assert failed.wait(5)
        setup.camera.give(frame(pts=1))
        assert watch.get(5).sequence == 1


def test_all_transforms_are_closed_when_one_fails_to_close(setup: Cameras) -> None:
    first, second = Plain(), Plain()
    second.on_close = always(RuntimeError("no"))
    second.on_open = once(RuntimeError("not yet"))
    line = setup.line(first, second)
    with line.watch() as watch:
        setup.camera.give(frame())
        watch.get(5)
    assert line.close()
    assert not first.is_open


def test_a_stuck_transform_that_continues_does_not_affect_the_next_run(
    setup: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.execution.executor.CLOSE_LIMIT_S", 0.05)
    entered, go = threading.Semaphore(0), threading.Semaphore(0)

    def stuck() -> None:
        entered.release()
        assert go.acquire(timeout=10)

    transform = Plain()
    transform.on_apply = stuck
    line = setup.line(transform)
    with line.watch():
        setup.camera.give(frame())
        assert entered.acquire(timeout=5)
        stuck_run = line._run
        assert stuck_run is not None
    setup.clock.advance(3600)
    assert thread_of(setup.source).wait(5)
    with line.watch():
        setup.camera.give(frame(pts=1))
        assert entered.acquire(timeout=5), "the next run processes frames although the previous one does not end"
        go.release()
        assert stuck_run.wait(5)
        assert transform.is_open, "the next run owns it"
        go.release(100)


@pytest.mark.parametrize("step", ["on_open", "on_read"])
def test_a_driver_that_hangs_is_offline_until_it_returns(setup: Cameras, step: str) -> None:
    entered, back = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        assert_(back.wait(10))

    setattr(setup.camera, step, hang)
    setup.camera.silence_s = 10.0  # type: ignore[misc]  # of this one only
    with setup.source.watch() as watch:
        assert entered.wait(5)
        setup.clock.now_s += 9.9
        assert setup.source.state in (State.OPENING, State.RUNNING)
        setup.clock.now_s += 0.2
        summary = setup.source.summary()
        assert (summary["state"], summary["error"]) == ("offline", "no frame for 10 s: the driver hangs")
        back.set()
        setup.camera.give(frame())
        watch.get(5)
        assert (setup.source.state, setup.source.error) == (State.RUNNING, None)


def test_a_slow_camera_does_not_count_as_hanging(setup: Cameras, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScriptedCamera, "silence_s", 10.0)
    monkeypatch.setattr(ScriptedCamera, "frame_rate", 0.1)
    with setup.source.watch() as watch:
        setup.camera.give(frame())
        watch.get(5)
        setup.clock.now_s += 29.9
        assert setup.source.summary()["state"] == "running"
        setup.clock.now_s += 0.2
        assert setup.source.summary()["state"] == "offline"
