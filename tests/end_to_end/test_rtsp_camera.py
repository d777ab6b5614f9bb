"""The stream camera before a real RTSP server."""

import os
import signal
import time
from typing import Any

import pytest

from cameras import CAMERAS, Camera, CameraError

from .rtsp import RtspCamera

READ_TIMEOUT_S = 1.0
FIRST_REPORT_S = 15.0  # RTCP leaves its time to chance, about two seconds in the mean


def stream(url: str, transport: str = "tcp") -> Camera[Any]:
    kind = CAMERAS["stream"]
    attributes = kind.attributes_type.model_validate(
        {"url": url, "transport": transport, "open_timeout_s": 5.0, "read_timeout_s": READ_TIMEOUT_S}
    )
    return kind("door", attributes)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_frames_come_at_the_rate_of_the_camera_and_without_backlog(transport: str) -> None:
    with RtspCamera() as door:
        camera = stream(door.url, transport)
        camera.open()
        assert camera.frame_rate == 30
        for _ in range(15):  # what had piled up while it was opened is behind us then
            camera.read()
        frames = [camera.read() for _ in range(46)]
        seconds = frames[-1].captured_at - frames[0].captured_at
        assert 27 < 45 / seconds < 33
        assert frames[-1].time_s - frames[0].time_s == pytest.approx(1.5, abs=0.1)
        assert (frames[0].width, frames[0].height) == (640, 480) and frames[0].pixels.born_yuv
        camera.close()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_frames_are_captured_by_the_clock_of_the_camera_once_it_has_sent_it(transport: str) -> None:
    with RtspCamera() as door:
        camera = stream(door.url, transport)
        camera.open()
        began_s = time.monotonic()
        frame = camera.read()
        while frame.capture_clock == "arrival" and time.monotonic() - began_s < FIRST_REPORT_S:
            frame = camera.read()
        for _ in range(10):
            frame = camera.read()
            now, now_s = time.time(), time.monotonic()
            captured, received = frame.trace
            assert (frame.capture_clock, captured.stage, received.stage) == ("camera", "captured", "received")
            # Both clocks are the same here: the frame was captured just before it came.
            assert 0 <= received.at_s - captured.at_s < 1
            assert now - frame.captured_at == pytest.approx(now_s - captured.at_s, abs=0.05)
        assert camera.clock_fault is None
        camera.close()


def test_a_server_that_dies_is_noticed_before_the_deadline_and_comes_back() -> None:
    with RtspCamera() as door:
        camera = stream(door.url)
        camera.open()
        camera.read()
        door.kill()
        began_s = time.monotonic()
        with pytest.raises(CameraError):
            while True:
                camera.read()
        assert time.monotonic() - began_s < READ_TIMEOUT_S + 1
        with pytest.raises(CameraError, match="connection refused; nothing listens there$"):
            camera.open()
        door.start()
        camera.open()
        assert camera.read().width == 640
        camera.close()


def test_a_server_that_hangs_is_given_up_at_the_deadline() -> None:
    with RtspCamera() as door:
        camera = stream(door.url)
        camera.open()
        camera.read()
        os.kill(door._process.pid, signal.SIGSTOP)
        with pytest.raises(CameraError, match="no data for 1 s$"):
            while True:  # first what had arrived before
                began_s = time.monotonic()
                camera.read()
        assert time.monotonic() - began_s < READ_TIMEOUT_S + 1
        camera.close()


def test_a_mount_that_does_not_exist_is_said() -> None:
    with RtspCamera() as door:
        camera = stream(door.url.replace("/camera", "/nothing"))
        with pytest.raises(CameraError, match="404 not found; the host answers, but has no such stream$"):
            camera.open()
