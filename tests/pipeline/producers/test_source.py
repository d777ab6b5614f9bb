"""The supervisor of a source: opens on demand, reads, retries after a failure, ends at the end."""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, cast

import pytest

from cameras import (
    CameraAccessDenied,
    CameraCutShort,
    CameraEnded,
    CameraError,
    CameraUnreachable,
    Frame,
    Mark,
    SlotClosed,
)
from pipeline import Feed, State
from pipeline.execution.tasks import RETRY_PAUSES_S
from pipeline.producers.source import CHECK_PAUSE_MIN_S, CHECKS_MAX
from server.program import LogFormatter
from tests.fakes import FakeCamera, FakeClock, frame, no_collection
from tests.pipeline.builders import source_feed


class CameraMaker:
    """Makes a new fake camera for each attempt."""

    def __init__(self) -> None:
        self.made: list[FakeCamera] = []
        self.make_camera: Callable[[], FakeCamera] = FakeCamera
        self.prepare: Callable[[FakeCamera, int], None] = lambda camera, number: None
        self.asked = threading.Condition()

    def make(self) -> FakeCamera:
        camera = self.make_camera()
        with self.asked:
            self.prepare(camera, len(self.made))
            self.made.append(camera)
            self.asked.notify_all()
        return camera

    def number(self, count: int) -> FakeCamera:
        """Wait until this many cameras have been made, and return the last."""
        with self.asked:
            assert self.asked.wait_for(lambda: len(self.made) >= count, 5)
            return self.made[count - 1]


@pytest.fixture
def maker() -> CameraMaker:
    return CameraMaker()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def source(maker: CameraMaker, clock: FakeClock) -> Iterator[Feed]:
    camera = source_feed("porch", maker.make, clock)
    yield camera
    assert camera.close()


def status_of(source: Feed) -> tuple[str, str | None]:
    summary = source.summary()
    return summary["state"], summary["error"]


def test_nothing_is_opened_before_the_first_watch(source: Feed, maker: CameraMaker) -> None:
    assert (source.state, source.latest, maker.made) == (State.IDLE, None, [])
    assert source.summary()["width_px"] is None


def test_watches_get_frames_with_number_and_time(source: Feed, maker: CameraMaker) -> None:
    with source.watch() as watch:
        maker.number(1).give(frame(pts=40))
        first = watch.get(5)
        maker.made[0].give(frame(pts=41))
        second = watch.get(5)
    assert [(f.pts, f.sequence) for f in (first, second)] == [(0, 0), (1, 1)]
    assert [mark.stage for mark in second.trace] == ["captured", "source"]
    assert (source.counters["decoded"], source.counters["frames_out"]) == (2, 2)


def test_frames_that_the_camera_drops_are_counted(source: Feed, maker: CameraMaker) -> None:
    with source.watch() as watch:
        camera = maker.number(1)
        for number, losses in enumerate((1, 1, 4)):
            camera.losses = losses
            camera.give(frame(pts=number))
            watch.get(5)
            assert source.counters["dropped"] == losses
        camera.losses = 6
        camera.give(CameraError("gone"))
        maker.number(2).give(frame())
        watch.get(5)
    assert source.counters["dropped"] == 6


def test_a_frame_keeps_the_clock_of_its_camera_and_is_placed_by_its_arrival(source: Feed, maker: CameraMaker) -> None:
    def came(pts: int, captured_s: float, received_s: float) -> Frame:
        marks = (Mark("captured", captured_s), Mark("received", received_s))
        return dataclasses.replace(frame(pts=pts, time_base=Fraction(1, 10)), trace=marks, capture_clock="camera")

    with source.watch() as watch:
        assert source.summary()["capture_clock"] is None
        maker.number(1).give(came(0, 4.8, 5.0))
        watch.get(5)
        maker.made[0].give(came(3000, 5.2, 6.0))
        second = watch.get(5)
    assert second.pts == 10, "a jump of its timestamps: a second after the one before"
    assert [mark.stage for mark in second.trace] == ["captured", "received", "source"]
    assert source.summary()["capture_clock"] == "camera"


def test_a_wrong_clock_of_a_camera_is_logged_once(
    source: Feed, maker: CameraMaker, caplog: pytest.LogCaptureFixture
) -> None:
    with source.watch() as watch:
        for number in range(2):
            camera = maker.number(number + 1)
            camera.fault = f"its clock is {number} s ahead"
            for pts in range(2):
                camera.give(frame(pts=pts))
                watch.get(5)
            camera.give(CameraError("gone"))
    assert [message for message in caplog.messages if "clock" in message] == ["camera porch: its clock is 0 s ahead"]


def test_a_camera_is_told_for_which_share_of_its_pictures_there_is_time(
    source: Feed, maker: CameraMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[bool] = []

    def add(*, unread: bool) -> float:
        noted.append(unread)
        return 0.25

    monkeypatch.setattr(source.executor.decoding, "add", add)
    with source.watch() as watch, source.watch() as second:
        camera = maker.number(1)
        for number in range(3):
            camera.give(frame(pts=number))
            while watch.get(5).sequence != number:
                pass
        second.get(5)
        camera.give(frame(pts=3))
        watch.get(5)
        camera.shed = 7
        camera.give(frame(pts=4))
        watch.get(5)
        second.get(5)
        camera.give(frame(pts=5))  # the one before is noted by now
        watch.get(5)
    assert camera.decoding_share == 0.25
    assert not any(noted), "one of two readers took each frame"
    assert (source.counters["dropped"], source.counters["shed"]) == (7, 7)


def test_frames_that_no_reader_takes_in_time_are_noted(
    source: Feed, maker: CameraMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[bool] = []
    done = threading.Event()

    def add(*, unread: bool) -> float:
        noted.append(unread)
        if len(noted) == 4:
            done.set()
        return 1.0

    monkeypatch.setattr(source.executor.decoding, "add", add)
    with source.watch():
        maker.number(1).give(*(frame(pts=number) for number in range(4)))
        assert done.wait(5)
    assert noted == [False, True, True, True]


def test_a_source_that_has_stopped_holds_neither_its_camera_nor_a_frame(
    source: Feed, maker: CameraMaker, clock: FakeClock
) -> None:
    with no_collection():
        with source.watch() as watch:
            maker.number(1).give(frame())
            gone: list[weakref.ref[Any]] = [weakref.ref(watch.get(5).pixels), weakref.ref(maker.made[0])]
        clock.advance(source.config.linger_s)  # ends its read with an error
        run = source._run
        assert run is not None and run.wait(5)
        maker.made.clear()
        for thread in threading.enumerate():
            if thread.name.startswith("closing"):
                thread.join(5)
        assert [ref() for ref in gone] == [None, None]


def test_the_summary_describes_the_newest_frame(source: Feed, maker: CameraMaker) -> None:
    with source.watch() as watch:
        maker.number(1).give(frame(width=12, height=9))
        watch.get(5)
        summary = source.summary()
    assert {key: summary[key] for key in ("name", "model", "source", "state", "error")} == {
        "name": "porch",
        "model": "test_pattern",
        "source": None,
        "state": "running",
        "error": None,
    }
    assert (summary["width_px"], summary["height_px"], summary["frame_rate"]) == (12, 9, 30.0)


def test_a_second_watch_starts_nothing_and_gets_the_newest_frame_at_once(source: Feed, maker: CameraMaker) -> None:
    with source.watch() as first:
        maker.number(1).give(frame())
        shown = first.get(5)
        with source.watch() as second:
            assert second.get(0) is shown
    assert len(maker.made) == 1


def test_the_camera_closes_after_the_last_watch_and_the_linger(
    source: Feed, maker: CameraMaker, clock: FakeClock
) -> None:
    first, second = source.watch(), source.watch()
    maker.number(1).give(frame())
    first.get(5)
    first.close()
    clock.advance(3600)
    assert source.state is State.RUNNING, "one watch is still open"
    second.close()
    second.close()
    clock.advance(source.config.linger_s - 0.1)
    assert source.state is State.RUNNING
    clock.advance(0.2)
    assert maker.made[0].closed.wait(5)
    assert (source.state, source.latest) == (State.IDLE, None)


def test_a_watch_within_the_linger_finds_it_running(source: Feed, maker: CameraMaker, clock: FakeClock) -> None:
    source.watch().close()
    clock.advance(source.config.linger_s - 0.1)
    with source.watch() as watch:
        clock.advance(3600)
        maker.number(1).give(frame())
        watch.get(5)
    assert len(maker.made) == 1


def test_after_the_linger_it_is_opened_again(source: Feed, maker: CameraMaker, clock: FakeClock) -> None:
    source.watch().close()
    maker.number(1)
    clock.advance(source.config.linger_s)
    with source.watch() as watch:
        maker.number(2).give(frame())
        watch.get(5)


def test_a_lost_camera_is_reopened_with_growing_pauses(source: Feed, maker: CameraMaker, clock: FakeClock) -> None:
    failures = len(RETRY_PAUSES_S) + 1

    def prepare(camera: FakeCamera, number: int) -> None:
        if number < failures:
            camera.refuses = [CameraError(f"refused {number}")]

    maker.prepare = prepare
    with source.watch() as watch:
        maker.number(failures + 1).give(frame())
        watch.get(5)
        assert clock.pauses == [*RETRY_PAUSES_S, RETRY_PAUSES_S[-1]]
        assert source.error is None
    assert source.counters["errors"] == failures


def test_frames_reset_the_pauses(source: Feed, maker: CameraMaker, clock: FakeClock) -> None:
    def prepare(camera: FakeCamera, number: int) -> None:
        if number < 3:
            camera.refuses = [CameraError(f"refused {number}")]

    maker.prepare = prepare
    with source.watch() as watch:
        camera = maker.number(4)
        camera.give(frame())
        watch.get(5)
        camera.give(CameraError("the cable was pulled"))
        maker.number(5).give(frame())
        watch.get(5)
        assert clock.pauses == [*RETRY_PAUSES_S[:3], RETRY_PAUSES_S[0]]


@pytest.mark.parametrize("bugs", [[], [ValueError("a bug")]])
@pytest.mark.parametrize("lost", [False, True])
def test_a_camera_that_does_not_answer_is_opened_when_its_address_answers(
    source: Feed, maker: CameraMaker, clock: FakeClock, bugs: list[Exception], lost: bool
) -> None:
    def prepare(camera: FakeCamera, number: int) -> None:
        if number == 0:
            camera.unreachable = [CameraUnreachable("no answer")] * 3 + bugs
            if lost:
                camera.give(frame(), CameraError("no data for 5 s"))
            else:
                camera.refuses = [CameraUnreachable("connection refused")]

    maker.prepare = prepare
    with source.watch() as watch:
        maker.number(2).give(frame())
        while len(maker.made) < 2 or not maker.made[1].opened:
            watch.get(5)
    assert len(clock.pauses) == 4
    assert all(0.75 <= pause_s <= 1.25 for pause_s in clock.pauses[1:])
    assert maker.made[0].unreachable == []


def test_the_time_of_a_check_is_part_of_the_pause(source: Feed, maker: CameraMaker, clock: FakeClock) -> None:
    class Slow(FakeCamera):
        def require_reachable(self) -> None:
            clock.now_s += 1.0 if len(clock.pauses) == 1 else 30.0
            super().require_reachable()

    maker.make_camera = Slow

    def prepare(camera: FakeCamera, number: int) -> None:
        if number == 0:
            camera.refuses = [CameraUnreachable("no answer")]
            camera.unreachable = [CameraUnreachable("no answer")] * 2

    maker.prepare = prepare
    with source.watch() as watch:
        maker.number(2).give(frame())
        watch.get(5)
    assert CHECK_PAUSE_MIN_S <= clock.pauses[1] <= 0.25 + 1e-9
    assert clock.pauses[2] == CHECK_PAUSE_MIN_S


@pytest.mark.parametrize("failure", [CameraError("404 not found"), CameraAccessDenied("401 unauthorized")])
def test_the_address_of_a_camera_that_answered_is_not_checked(
    source: Feed, maker: CameraMaker, clock: FakeClock, failure: CameraError
) -> None:
    def prepare(camera: FakeCamera, number: int) -> None:
        if number == 0:
            camera.refuses, camera.unreachable = [failure], [failure]

    maker.prepare = prepare
    with source.watch() as watch:
        maker.number(2).give(frame())
        watch.get(5)
    assert maker.made[0].unreachable == [failure]


def test_a_camera_is_opened_in_the_end_even_if_its_address_does_not_answer(source: Feed, maker: CameraMaker) -> None:
    def prepare(camera: FakeCamera, number: int) -> None:
        if number == 0:
            camera.refuses = [CameraUnreachable("no answer")]
            camera.unreachable = [CameraUnreachable("no answer")] * (CHECKS_MAX + 1)

    maker.prepare = prepare
    with source.watch() as watch:
        maker.number(2).give(frame())
        watch.get(5)
    assert len(maker.made[0].unreachable) == 1


def test_a_camera_that_denied_access_is_not_tried_at_once_by_the_next_viewer(
    source: Feed, maker: CameraMaker, clock: FakeClock
) -> None:
    def prepare(camera: FakeCamera, number: int) -> None:
        camera.refuses = [CameraAccessDenied("401 unauthorized")] if number == 0 else []

    held = threading.Event()
    maker.prepare = prepare
    clock.hold = held  # the pause goes on
    try:
        with source.watch():
            assert clock.paused.acquire(timeout=5)
            assert status_of(source) == ("offline", "401 unauthorized")
        clock.advance(source.config.linger_s)
        clock.now_s += 5
        with source.watch() as watch:
            assert clock.paused.acquire(timeout=5)
            assert status_of(source) == ("offline", "401 unauthorized")
            assert source.error_lasts
            assert len(maker.made) == 1
            held.set()
            maker.number(2).give(frame())
            watch.get(5)
    finally:
        held.set()
    first, second = clock.pauses
    assert second == pytest.approx(first - source.config.linger_s - 5)


def test_an_error_is_reported_until_it_is_over(
    source: Feed, maker: CameraMaker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    tries_again, held = threading.Event(), threading.Event()

    def prepare(camera: FakeCamera, number: int) -> None:
        if number == 0:
            camera.refuses = [CameraError("rtsp://porch: connection refused")]
        elif number == 1:
            tries_again.set()
            held.wait(5)

    maker.prepare = prepare
    with source.watch() as watch:
        try:
            assert tries_again.wait(5)
            assert source.error == "rtsp://porch: connection refused"
            assert source.state in (State.OFFLINE, State.OPENING)
        finally:
            held.set()
        maker.number(2).give(frame())
        watch.get(5)
        assert status_of(source) == ("running", None)
    assert caplog.messages == ["camera porch: rtsp://porch: connection refused; retrying"]


def test_after_a_loss_time_continues_by_the_clock(source: Feed, maker: CameraMaker, clock: FakeClock) -> None:
    with source.watch() as watch:
        maker.number(1).give(frame(pts=0).marked("captured", 50.0))
        assert watch.get(5).pts == 0
        maker.made[0].give(CameraError("gone"))
        maker.number(2).give(frame(pts=0).marked("captured", 52.0))
        assert watch.get(5).pts == 60, "two seconds at 30 ticks each"


def test_other_exceptions_do_not_end_a_source_either(
    source: Feed, maker: CameraMaker, caplog: pytest.LogCaptureFixture
) -> None:
    with source.watch() as watch:
        maker.number(1).give(ZeroDivisionError("a driver's fault"))
        maker.number(2).give(frame())
        watch.get(5)
    assert maker.made[0].closed.is_set()
    assert "ZeroDivisionError: a driver's fault (fakes.py, line " in caplog.text


def test_a_camera_that_returns_no_frame_is_reopened(
    source: Feed, maker: CameraMaker, caplog: pytest.LogCaptureFixture
) -> None:
    with source.watch() as watch:
        maker.number(1).give(cast(Frame, None))
        maker.number(2).give(frame())
        watch.get(5)
    assert "TypeError: FakeCamera.read must return a Frame, got NoneType; " in caplog.text


def test_no_log_shows_the_secrets_of_a_url(source: Feed, maker: CameraMaker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.setFormatter(LogFormatter())
    with source.watch() as watch:
        maker.number(1).give(ValueError("Invalid argument: 'rtsp://anna:hunter2@camera/stream'"))
        maker.number(2).give(CameraError("rtsp://anna:hunter2@camera/stream"))
        maker.number(3).give(frame())
        watch.get(5)
    assert "'rtsp://camera'" in caplog.text
    assert "hunter2" not in caplog.text


def test_the_last_frame_stays_after_the_end_until_a_new_first_watch(
    source: Feed, maker: CameraMaker, clock: FakeClock
) -> None:
    watch = source.watch()
    maker.number(1).give(frame(color=(1, 2, 3)))
    last = watch.get(5)
    maker.made[0].give(CameraEnded())
    assert maker.made[0].closed.wait(5)
    assert source.state is State.ENDED
    with source.watch() as second:
        assert second.get(0) is last, "a watch that joins gets the last frame"
    assert len(maker.made) == 1
    watch.close()
    with source.watch() as anew:
        maker.number(2).give(frame())
        assert anew.get(5).sequence == 1
        assert status_of(source)[0] == "running"


def test_a_camera_that_is_cut_short_ends_with_its_error(
    source: Feed, maker: CameraMaker, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    watch = source.watch()
    maker.number(1).give(frame())
    last = watch.get(5)
    maker.made[0].give(CameraCutShort("street.mp4 ends after 2.0 of 6.0 s"))
    deadline_s = time.monotonic() + 5
    while "street.mp4 ends after" not in caplog.text and time.monotonic() < deadline_s:
        os.sched_yield()
    assert status_of(source) == ("ended", "street.mp4 ends after 2.0 of 6.0 s")
    assert source.latest is last
    assert source.counters["errors"] == 1 and "street.mp4 ends after" in caplog.text
    assert len(maker.made) == 1, "it is not opened again"
    watch.close()
    with source.watch() as anew:
        maker.number(2).give(frame())
        assert anew.get(5).sequence == 1
        assert status_of(source) == ("running", None)


def test_the_frame_rate_is_the_one_that_the_camera_says_now(source: Feed, maker: CameraMaker) -> None:
    with source.watch() as watch:
        camera = maker.number(1)
        camera.give(frame(pts=0))
        watch.get(5)
        assert source.frame_rate == 30
        camera.declared_rate = 12.5
        camera.give(frame(pts=1))
        watch.get(5)
        assert source.frame_rate == 12.5


def test_closing_for_good_ends_all_watches(source: Feed, maker: CameraMaker) -> None:
    watch = source.watch()
    maker.number(1)
    assert source.close()
    with pytest.raises(SlotClosed):
        watch.get(5)
    watch.close()
    with pytest.raises(RuntimeError, match="camera porch is closed"):
        source.watch()


def test_keep_running_needs_no_watch(source: Feed, maker: CameraMaker, clock: FakeClock) -> None:
    source.keep_running()
    maker.number(1)
    source.watch().close()
    clock.advance(3600)
    assert not maker.made[0].closed.is_set()
