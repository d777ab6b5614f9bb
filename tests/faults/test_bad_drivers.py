"""Cameras, transforms and machines that misbehave in every step of their lives: nothing else may suffer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from cameras import Attributes, Camera, CameraEnded, CameraError, Frame, Slot, SlotClosed
from pipeline import Feed, State
from pipeline.feeds import executor
from pipeline.feeds.clock import SystemClock
from pipeline.graph import Graph
from tests.fakes import FakeCamera, FakeClock, NoAttributes, frame
from tests.pipeline.builders import config, line_feed, source_feed
from transforms import Transform


class Panic(BaseException):
    """What the library of another language raises: none of Python's exceptions."""


class Odd(Camera[Attributes]):
    """A camera of which each step can be replaced; frames wait until it is open."""

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
    """Return something that fails the first time it is called."""
    errors = [error]

    def fail() -> None:
        if errors:
            raise errors.pop()

    return fail


def always(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def assert_(true: bool) -> None:
    assert true


class House:
    """A source called porch, lines on it, and the end of all of them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.lock = threading.RLock()
        self.camera = Odd()
        self.source = self.another("porch", self.camera)
        self.cameras: list[Feed] = [self.source]

    def another(self, name: str, camera: Camera[Attributes]) -> Feed:
        return source_feed(name, lambda: camera, self.clock, self.lock)

    def line(self, *transforms: Transform[Attributes]) -> Feed:
        made = line_feed("line", self.source, *transforms, clock=self.clock, lock=self.lock)
        self.cameras.insert(0, made)
        return made


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    yield built
    for camera in built.cameras:
        assert camera.close()


@pytest.mark.parametrize("error", [MemoryError(), OSError("broken"), Panic("foreign")], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("step", ["on_open", "on_read"])
def test_whatever_a_driver_raises_it_is_opened_again(house: House, step: str, error: BaseException) -> None:
    setattr(house.camera, step, once(error))
    with house.source.watch() as watch:
        house.camera.give(frame())
        assert watch.get(5)
    assert house.source.counters["errors"] == 1


def test_a_driver_that_fails_to_close_is_opened_again(house: House) -> None:
    house.camera.on_close = always(RuntimeError("no"))
    house.camera.on_read = once(CameraError("lost"))
    with house.source.watch() as watch:
        house.camera.give(frame())
        assert watch.get(5)
    house.clock.advance(3600)


def test_a_driver_that_hangs_while_closing_holds_up_nobody(house: House) -> None:
    back = threading.Event()
    house.camera.on_close = lambda: assert_(back.wait(10))
    house.source.watch().close()
    other = FakeCamera("other")
    second = house.another("second", other)
    with second.watch():
        pass
    house.clock.advance(3600)
    assert other.closed.wait(5), "its linger was over at the same moment"
    assert second.close()
    back.set()


def test_a_camera_closed_just_before_it_was_opened_is_closed_again(house: House) -> None:
    entered, go = threading.Event(), threading.Event()

    def open_late() -> None:
        entered.set()
        assert go.wait(5)

    house.camera.on_open = open_late
    with house.source.watch():
        assert entered.wait(5)
    house.clock.advance(3600)
    go.set()
    assert house.source.close(), "its read would wait for ever"


def test_who_comes_while_the_camera_is_closed_for_good_is_not_left_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach = house.source.attach

    def closed_meanwhile(slot: Slot[Frame]) -> None:
        house.source.close()
        attach(slot)

    monkeypatch.setattr(house.source, "attach", closed_meanwhile)
    with pytest.raises(SlotClosed), house.source.watch() as watch:
        watch.get(5)


def test_all_cameras_are_told_to_end_before_one_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
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

    def wait(run: executor.Run, limit_s: float | None = None) -> bool:
        runs = [feed._run for feed in graph.feeds.values()]
        waited.append([each is not None and each.stopping.is_set() for each in runs])
        run._thread.join()
        return True

    monkeypatch.setattr(executor.Run, "wait", wait)
    graph.close()
    assert waited == [[True, True], [True, True]]
    for watch in watches:
        watch.close()


def test_a_machine_without_threads_refuses_and_forgets(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def no_more_lines(thread: threading.Thread) -> None:
        if thread.name.startswith("line"):
            raise RuntimeError("can't start new thread")
        start(thread)

    line = house.line(Plain())
    monkeypatch.setattr(threading.Thread, "start", no_more_lines)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        line.watch()
    house.clock.advance(3600)
    assert (line.watched, house.source.watched, house.source.state) == (False, False, State.IDLE)
    monkeypatch.undo()
    with line.watch() as watch:
        house.camera.give(frame())
        assert watch.get(5)


def test_a_linger_that_was_called_off_too_late_does_not_cut_the_next_one_short(house: House) -> None:
    house.source.watch().close()
    too_late = house.clock.timers[0].action
    assert too_late is not None
    house.source.watch().close()
    too_late()
    assert house.source.state is not State.IDLE


def test_one_that_was_kept_warm_to_its_end_starts_again_for_the_first_to_come(house: House) -> None:
    house.camera.give(frame(), CameraEnded("over"))
    first_life = threading.Event()
    house.camera.on_close = first_life.set
    house.source.keep_running()
    assert first_life.wait(5)
    run = house.source._run
    assert run is not None
    run._thread.join(5)
    assert house.source.state is State.ENDED
    house.camera.give(frame(pts=7))
    with house.source.watch() as watch:
        while watch.get(5).sequence == 0:
            pass
    assert house.camera.opened == 2


def test_a_timer_that_fails_does_not_end_the_others() -> None:
    clock = SystemClock()
    done = threading.Event()
    clock.call_later(0.0, always(ValueError("no")))
    clock.call_later(0.01, done.set)
    assert done.wait(5)
    clock.close()


@pytest.mark.parametrize("error", [MemoryError(), Panic("foreign")], ids=lambda e: type(e).__name__)
def test_whatever_a_transform_raises_costs_one_frame(house: House, error: BaseException) -> None:
    transform = Plain()
    failed, fail = threading.Event(), once(error)

    def apply() -> None:
        failed.set()
        fail()

    transform.on_apply = apply
    line = house.line(transform)
    with line.watch() as watch, house.source.watch() as source:
        house.camera.give(frame())
        assert source.get(5).sequence == 0
        assert failed.wait(5)
        house.camera.give(frame(pts=1))
        assert watch.get(5).sequence == 1


def test_a_transform_that_fails_to_close_keeps_nobody_else_open(house: House) -> None:
    first, second = Plain(), Plain()
    second.on_close = always(RuntimeError("no"))
    second.on_open = once(RuntimeError("not yet"))
    line = house.line(first, second)
    with line.watch() as watch:
        house.camera.give(frame())
        watch.get(5)
    assert line.close()
    assert not first.is_open


def test_a_stuck_transform_that_comes_back_leaves_the_next_life_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "CLOSE_LIMIT_S", 0.05)
    entered, go = threading.Semaphore(0), threading.Semaphore(0)

    def stuck() -> None:
        entered.release()
        assert go.acquire(timeout=10)

    transform = Plain()
    transform.on_apply = stuck
    line = house.line(transform)
    with line.watch():
        house.camera.give(frame())
        assert entered.acquire(timeout=5)
        stuck_run = line._run
    house.clock.advance(3600)
    assert stuck_run is not None
    with line.watch():
        house.camera.give(frame(pts=1))
        assert entered.acquire(timeout=5), "the next life works on frames although the one before does not end"
        go.release()
        stuck_run._thread.join(5)
        assert not stuck_run._thread.is_alive()
        assert transform.is_open, "it is the next life's"
        go.release(100)


@pytest.mark.parametrize("step", ["on_open", "on_read"])
def test_a_driver_that_hangs_is_offline_until_it_returns(house: House, step: str) -> None:
    entered, back = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        assert_(back.wait(10))

    setattr(house.camera, step, hang)
    house.camera.silence_s = 10.0  # type: ignore[misc]  # of this one only
    with house.source.watch() as watch:
        assert entered.wait(5)
        house.clock.now_s += 9.9
        assert house.source.state in (State.OPENING, State.RUNNING)
        house.clock.now_s += 0.2
        said = house.source.status()
        assert (said["state"], said["error"]) == ("offline", "nothing has come for 10 s; its driver hangs")
        back.set()
        house.camera.give(frame())
        watch.get(5)
        assert (house.source.state, house.source.error) == (State.RUNNING, None)


def test_a_camera_of_few_frames_does_not_hang_between_them(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Odd, "silence_s", 10.0)
    monkeypatch.setattr(Odd, "frame_rate", 0.1)
    with house.source.watch() as watch:
        house.camera.give(frame())
        watch.get(5)
        house.clock.now_s += 29.9
        assert house.source.status()["state"] == "running"
        house.clock.now_s += 0.2
        assert house.source.status()["state"] == "offline"
