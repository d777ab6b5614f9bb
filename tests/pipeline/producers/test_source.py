"""The supervisor of a source: open on demand, read, try again when it is lost, end when it ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from cameras import CameraEnded, CameraError, SlotClosed
from pipeline import Feed, State
from pipeline.feeds.executor import RETRY_PAUSES_S
from tests.fakes import FakeCamera, FakeClock, frame
from tests.pipeline.builders import source_feed


class Shop:
    """Gives the camera a new fake each time it asks for one."""

    def __init__(self) -> None:
        self.made: list[FakeCamera] = []
        self.prepare: Callable[[FakeCamera, int], None] = lambda camera, number: None
        self.asked = threading.Condition()

    def make(self) -> FakeCamera:
        camera = FakeCamera()
        with self.asked:
            self.prepare(camera, len(self.made))
            self.made.append(camera)
            self.asked.notify_all()
        return camera

    def number(self, count: int) -> FakeCamera:
        """Wait until that many have been asked for, and return the last of them."""
        with self.asked:
            assert self.asked.wait_for(lambda: len(self.made) >= count, 5)
            return self.made[count - 1]


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def source(shop: Shop, clock: FakeClock) -> Iterator[Feed]:
    camera = source_feed("porch", shop.make, clock)
    yield camera
    assert camera.close()


def status_of(source: Feed) -> tuple[str, str | None]:
    status = source.status()
    return status["state"], status["error"]


def test_nothing_is_opened_before_somebody_watches(source: Feed, shop: Shop) -> None:
    assert (source.state, source.latest, shop.made) == (State.IDLE, None, [])
    assert source.status()["width_px"] is None


def test_frames_reach_who_watches_numbered_and_timed(source: Feed, shop: Shop) -> None:
    with source.watch() as watch:
        shop.number(1).give(frame(pts=40))
        first = watch.get(5)
        shop.made[0].give(frame(pts=41))
        second = watch.get(5)
    assert [(f.pts, f.sequence) for f in (first, second)] == [(0, 0), (1, 1)]
    assert [mark.stage for mark in second.trace] == ["captured", "source"]
    assert (source.counters["decoded"], source.counters["frames_out"]) == (2, 2)


def test_what_becomes_no_frame_is_counted(source: Feed, shop: Shop) -> None:
    with source.watch() as watch:
        camera = shop.number(1)
        for number, losses in enumerate((1, 1, 4)):
            camera.losses = losses
            camera.give(frame(pts=number))
            watch.get(5)
            assert source.counters["dropped"] == losses
        camera.losses = 6
        camera.give(CameraError("gone"))
        shop.number(2).give(frame())
        watch.get(5)
    assert source.counters["dropped"] == 6


def test_status_tells_what_is_seen(source: Feed, shop: Shop) -> None:
    with source.watch() as watch:
        shop.number(1).give(frame(width=12, height=9))
        watch.get(5)
        status = source.status()
    assert {key: status[key] for key in ("name", "model", "source", "state", "error")} == {
        "name": "porch",
        "model": "test_pattern",
        "source": None,
        "state": "running",
        "error": None,
    }
    assert (status["width_px"], status["height_px"], status["frame_rate"]) == (12, 9, 30.0)


def test_a_second_watcher_starts_nothing_and_sees_the_standing_picture_at_once(source: Feed, shop: Shop) -> None:
    with source.watch() as first:
        shop.number(1).give(frame())
        shown = first.get(5)
        with source.watch() as second:
            assert second.get(0) is shown
    assert len(shop.made) == 1


def test_the_last_to_leave_closes_it_after_the_linger(source: Feed, shop: Shop, clock: FakeClock) -> None:
    first, second = source.watch(), source.watch()
    shop.number(1).give(frame())
    first.get(5)
    first.close()
    clock.advance(3600)
    assert source.state is State.RUNNING, "somebody still watches"
    second.close()
    second.close()
    clock.advance(source.config.linger_s - 0.1)
    assert source.state is State.RUNNING
    clock.advance(0.2)
    assert shop.made[0].closed.wait(5)
    assert (source.state, source.latest) == (State.IDLE, None)


def test_who_comes_back_in_time_finds_it_running(source: Feed, shop: Shop, clock: FakeClock) -> None:
    source.watch().close()
    clock.advance(source.config.linger_s - 0.1)
    with source.watch() as watch:
        clock.advance(3600)
        shop.number(1).give(frame())
        watch.get(5)
    assert len(shop.made) == 1


def test_after_the_linger_it_is_opened_anew(source: Feed, shop: Shop, clock: FakeClock) -> None:
    source.watch().close()
    shop.number(1)
    clock.advance(source.config.linger_s)
    with source.watch() as watch:
        shop.number(2).give(frame())
        watch.get(5)


def test_a_lost_camera_is_tried_again_with_growing_pauses(source: Feed, shop: Shop, clock: FakeClock) -> None:
    failures = len(RETRY_PAUSES_S) + 1

    def prepare(camera: FakeCamera, number: int) -> None:
        if number < failures:
            camera.refuses = [CameraError(f"refused {number}")]

    shop.prepare = prepare
    with source.watch() as watch:
        shop.number(failures + 1).give(frame())
        watch.get(5)
        assert clock.pauses == [*RETRY_PAUSES_S, RETRY_PAUSES_S[-1]]
        assert source.error is None
    assert source.counters["errors"] == failures


def test_frames_shorten_the_pauses_again(source: Feed, shop: Shop, clock: FakeClock) -> None:
    def prepare(camera: FakeCamera, number: int) -> None:
        if number < 3:
            camera.refuses = [CameraError(f"refused {number}")]

    shop.prepare = prepare
    with source.watch() as watch:
        camera = shop.number(4)
        camera.give(frame())
        watch.get(5)
        camera.give(CameraError("the cable was pulled"))
        shop.number(5).give(frame())
        watch.get(5)
        assert clock.pauses == [*RETRY_PAUSES_S[:3], RETRY_PAUSES_S[0]]


def test_what_is_wrong_is_said_while_it_is(source: Feed, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    tries_again, held = threading.Event(), threading.Event()

    def prepare(camera: FakeCamera, number: int) -> None:
        if number == 0:
            camera.refuses = [CameraError("rtsp://porch: connection refused")]
        elif number == 1:
            tries_again.set()
            held.wait(5)

    shop.prepare = prepare
    with source.watch() as watch:
        try:
            assert tries_again.wait(5)
            assert source.error == "rtsp://porch: connection refused"
            assert source.state in (State.OFFLINE, State.OPENING)
        finally:
            held.set()
        shop.number(2).give(frame())
        watch.get(5)
        assert status_of(source) == ("running", None)
    assert caplog.messages == ["camera porch: rtsp://porch: connection refused; it is tried again"]


def test_after_a_loss_time_goes_on_by_the_clock(source: Feed, shop: Shop, clock: FakeClock) -> None:
    with source.watch() as watch:
        shop.number(1).give(frame(pts=0).marked("captured", 50.0))
        assert watch.get(5).pts == 0
        shop.made[0].give(CameraError("gone"))
        shop.number(2).give(frame(pts=0).marked("captured", 52.0))
        assert watch.get(5).pts == 60, "two seconds at 30 ticks each"


def test_a_fault_that_is_no_camera_error_does_not_end_it_either(source: Feed, shop: Shop) -> None:
    with source.watch() as watch:
        shop.number(1).give(ZeroDivisionError("a driver's fault"))
        shop.number(2).give(frame())
        watch.get(5)
    assert shop.made[0].closed.is_set()


def test_no_log_shows_what_is_secret_in_a_url(source: Feed, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with source.watch() as watch:
        shop.number(1).give(ValueError("Invalid argument: 'rtsp://anna:hunter2@camera/stream'"))
        shop.number(2).give(CameraError("rtsp://anna:hunter2@camera/stream"))
        shop.number(3).give(frame())
        watch.get(5)
    assert "'rtsp://camera'" in caplog.text
    assert "hunter2" not in caplog.text


def test_at_its_end_the_last_picture_stays_until_a_new_first_watcher(
    source: Feed, shop: Shop, clock: FakeClock
) -> None:
    watch = source.watch()
    shop.number(1).give(frame(color=(1, 2, 3)))
    last = watch.get(5)
    shop.made[0].give(CameraEnded())
    assert shop.made[0].closed.wait(5)
    assert source.state is State.ENDED
    with source.watch() as second:
        assert second.get(0) is last, "whoever joins sees the last picture"
    assert len(shop.made) == 1
    watch.close()
    with source.watch() as anew:
        shop.number(2).give(frame())
        assert anew.get(5).sequence == 1
        assert status_of(source)[0] == "running"


def test_closing_for_good_ends_the_watches(source: Feed, shop: Shop) -> None:
    watch = source.watch()
    shop.number(1)
    assert source.close()
    with pytest.raises(SlotClosed):
        watch.get(5)
    watch.close()
    with pytest.raises(RuntimeError, match="camera porch is closed"):
        source.watch()


def test_kept_running_it_needs_nobody(source: Feed, shop: Shop, clock: FakeClock) -> None:
    source.keep_running()
    shop.number(1)
    source.watch().close()
    clock.advance(3600)
    assert not shop.made[0].closed.is_set()
