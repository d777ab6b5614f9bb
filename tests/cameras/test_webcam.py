import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest
from pydantic import ValidationError

from cameras.base import CameraError
from cameras.container import Container, Opening
from cameras.webcam import Device, Driver, Webcam, WebcamAttributes, device_of, system_driver, webcams

from .videos import number_of, numbered, write_video

DEVICES = (Device("/dev/video0", "Integrated Camera"), Device("/dev/video4", "Desk"))


class Plugged:
    """A driver whose cameras play a video file, or fail as they are told."""

    def __init__(
        self, film: Path | None = None, devices: Sequence[Device] = DEVICES, format: str = "v4l2", error: Any = None
    ) -> None:
        self.openings: list[Opening] = []
        self.driver = Driver(format, lambda: devices, self._container)
        self._film = film
        self._error = error

    def _container(self, opening: Opening) -> Container:
        self.openings.append(opening)
        if self._error is None:
            return Container(Opening(str(self._film)))
        error = self._error

        class Broken(Container):
            def open(self) -> None:
                raise error

        return Broken(opening)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_video(tmp_path / "film.mkv", [numbered(number) for number in range(4)])


def webcam(plugged: Plugged, **attributes: Any) -> Webcam:
    return Webcam("desk", WebcamAttributes(**attributes), driver=plugged.driver)


def refusal(plugged: Plugged, **attributes: Any) -> str:
    with pytest.raises(CameraError) as raised:
        webcam(plugged, **attributes).open()
    return str(raised.value)


def test_frames_have_rising_times_until_the_device_is_unplugged(film: Path) -> None:
    camera = webcam(Plugged(film))
    camera.open()
    assert camera.frame_rate == 25
    frames = [camera.read() for _ in range(4)]
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3]
    assert [round(frame.time_s, 3) for frame in frames] == [0.0, 0.04, 0.08, 0.12]
    assert frames[0].trace[0].stage == "captured"
    with pytest.raises(CameraError, match="^/dev/video0 sends no more pictures; was it unplugged\\?$"):
        camera.read()
    camera.close()
    camera.close()
    with pytest.raises(CameraError, match="^closed$"):
        camera.read()


@pytest.mark.parametrize(
    ("video_path", "opened"),
    [
        (None, "/dev/video0"),
        (4, "/dev/video4"),
        ("4", "/dev/video4"),
        ("/dev/v4l/by-id/usb-desk", "/dev/v4l/by-id/usb-desk"),
    ],
)
def test_the_device_is_named_numbered_or_the_first_found(film: Path, video_path: Any, opened: str) -> None:
    plugged = Plugged(film)
    camera = webcam(plugged, video_path=video_path)
    camera.open()
    camera.close()
    assert plugged.openings[0].url == opened


def test_size_rate_and_format_are_requested(film: Path) -> None:
    plugged = Plugged(film)
    camera = webcam(plugged, width_px=1280, height_px=720, frame_rate=30, format="YUYV")
    camera.open()
    camera.close()
    (opening,) = plugged.openings
    assert opening.format == "v4l2"
    assert dict(opening.options) == {
        "flags": "low_delay",
        "video_size": "1280x720",
        "framerate": "30",
        "input_format": "yuyv422",
    }


@pytest.mark.parametrize(
    ("system", "format", "url", "options"),
    [
        ("avfoundation", "MJPEG", "Desk", {"flags": "low_delay", "vcodec": "mjpeg"}),
        ("dshow", "NV12", "video=Desk", {"flags": "low_delay", "pixel_format": "nv12"}),
    ],
)
def test_other_systems_count_their_devices(film: Path, system: str, format: str, url: str, options: Any) -> None:
    plugged = Plugged(film, (Device("Front", ""), Device("Desk", "")), system)
    camera = webcam(plugged, video_path=1, format=format)
    camera.open()
    camera.close()
    assert (plugged.openings[0].url, dict(plugged.openings[0].options)) == (url, options)
    assert refusal(plugged, video_path=2) == "no camera has the number 2; found: Front, Desk"


NONE_HERE = "no camera found on this machine; plug one in, or pass it to the container with --device /dev/video0"
FOUND = "found: /dev/video0 (Integrated Camera), /dev/video4 (Desk)"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (av.error.FileNotFoundError(2, "No such file or directory"), f"no such camera: /dev/video7; {FOUND}"),
        (
            av.error.PermissionError(13, "Permission denied"),
            "/dev/video7 cannot be used: permission denied; add this user to the group video",
        ),
        (av.error.OSError(16, "Device or resource busy"), "/dev/video7 is in use by another program"),
        (
            av.error.OSError(25, "Inappropriate ioctl for device"),
            f"/dev/video7 cannot be opened (inappropriate ioctl for device); {FOUND}",
        ),
    ],
)
def test_a_failure_to_open_is_reported_with_the_available_devices(error: Exception, message: str) -> None:
    assert refusal(Plugged(error=error), video_path="/dev/video7") == message


def test_a_machine_without_a_camera_is_reported() -> None:
    assert refusal(Plugged(devices=())) == NONE_HERE
    only = Plugged(devices=DEVICES[:1], error=av.error.FileNotFoundError(2, "No such file or directory"))
    assert refusal(only, video_path=3) == ("no such camera: /dev/video3; found: /dev/video0 (Integrated Camera)")


@pytest.mark.parametrize(
    ("platform", "found", "names"),
    [
        ("linux", ["/dev/video4", "hw:0"], [("/dev/video4", "Desk")]),
        ("darwin", ["Desk", "Microphone"], [("Desk", "Desk")]),
        ("darwin", [], []),
        ("win32", [], []),
    ],
)
def test_the_cameras_of_the_system_are_listed(
    platform: str, found: list[str], names: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = [["video"], ["audio"]]
    devices = [SimpleNamespace(name=name, description="Desk", media_types=kinds.pop(0)) for name in found]
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("cameras.webcam.enumerate_input_devices", lambda format: devices)
    monkeypatch.setattr(Path, "glob", lambda path, pattern: [Path("/dev/video1"), Path("/dev/video0")])
    assert system_driver().devices() == [Device(*name) for name in names]


def test_linux_lists_devices_that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("cameras.webcam.enumerate_input_devices", lambda format: [])
    monkeypatch.setattr(Path, "glob", lambda path, pattern: [Path("/dev/video1"), Path("/dev/video0")])
    assert system_driver().devices() == [Device("/dev/video0", ""), Device("/dev/video1", "")]


def test_a_missing_device_is_reported_on_this_system(tmp_path: Path) -> None:
    camera = Webcam("desk", WebcamAttributes(video_path=str(tmp_path / "video99")))
    with pytest.raises(CameraError) as raised:
        camera.open()
    assert str(raised.value).startswith(f"no such camera: {tmp_path}/video99; ")
    assert system_driver().format == {"darwin": "avfoundation", "win32": "dshow"}.get(sys.platform, "v4l2")


def test_close_does_not_wait_for_a_driver_that_blocks(film: Path) -> None:
    blocked, released = threading.Event(), threading.Event()

    class Stuck(Container):
        def next_frame(self) -> av.VideoFrame | None:
            with self._in_use():
                blocked.set()
                released.wait(10)
                return None

    camera = Webcam(
        "desk",
        WebcamAttributes(),
        driver=Driver("v4l2", lambda: DEVICES, lambda opening: Stuck(Opening(str(film)))),
    )
    camera.open()
    raised: list[str] = []

    def read() -> None:
        try:
            camera.read()
        except CameraError as error:
            raised.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    assert blocked.wait(5)
    camera.close()
    assert reader.is_alive() and raised == []
    released.set()
    reader.join(2)
    assert raised == ["closed"]


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValidationError, match='must be one of: mjpeg, mjpg, yuyv, .*; got "WMV"'):
        WebcamAttributes(format="WMV")


def described(folder: Path, number: int, index: int, name: str) -> None:
    device = folder / f"video{number}"
    device.mkdir()
    (device / "index").write_text(f"{index}\n")
    (device / "name").write_text(f"{name}\n")


def test_linux_lists_each_camera_once_without_opening_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    described(tmp_path, 10, 0, "Desk")
    described(tmp_path, 2, 0, "Integrated Camera")
    described(tmp_path, 3, 1, "Integrated Camera")  # its metadata
    (tmp_path / "video4").mkdir()  # just unplugged
    assert webcams(tmp_path) == [Device("/dev/video2", "Integrated Camera"), Device("/dev/video10", "Desk")]
    assert webcams(tmp_path / "none") == []


@pytest.mark.parametrize(("video_path", "device"), [(1, "/dev/video1"), ("3", "/dev/video3"), (None, "/dev/video5")])
def test_the_device_is_known_before_it_is_opened(
    monkeypatch: pytest.MonkeyPatch, video_path: str | int | None, device: str
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("cameras.webcam.webcams", lambda: [Device("/dev/video5", "")])
    assert device_of(WebcamAttributes(video_path=video_path)) == device


def test_a_link_to_a_device_is_that_device(tmp_path: Path) -> None:
    (tmp_path / "video7").touch()
    (tmp_path / "by-name").symlink_to(tmp_path / "video7")
    assert device_of(WebcamAttributes(video_path=str(tmp_path / "by-name"))) == str((tmp_path / "video7").resolve())
