"""The camera that captures from a device of this machine."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import av
from av.device import enumerate_input_devices
from av.error import FFmpegError
from pydantic import Field, field_validator

from .attributes import Attributes
from .base import CameraError
from .container import Container, ContainerClosed, NoVideo, Opening
from .ffmpeg import FFmpegCamera
from .picture import Frame, Mark, pixels_from_av
from .timing import LiveTimes, RateMeter, seconds, timing_of

# FFmpeg's name of each pixel format or codec, by its usual names (Viam's, V4L2's).
FORMATS = {
    "mjpeg": "mjpeg",
    "mjpg": "mjpeg",
    "yuyv": "yuyv422",
    "yuy2": "yuyv422",
    "yuyv422": "yuyv422",
    "uyvy": "uyvy422",
    "uyvy422": "uyvy422",
    "i420": "yuv420p",
    "yuv420p": "yuv420p",
    "nv12": "nv12",
    "nv21": "nv21",
    "rgb24": "rgb24",
    "bgr24": "bgr24",
    "gray": "gray",
    "h264": "h264",
}
_COMPRESSED = frozenset({"mjpeg", "h264"})


class Device(NamedTuple):
    """A capture device: the path or name to open, and the name from its manufacturer."""

    path: str
    description: str


@dataclass(frozen=True, slots=True)
class Driver:
    """The capture interface of an operating system.

    Attributes:
        format: FFmpeg's name of the input device format.
        devices: Returns the available devices, the default first.
        container: Creates the container to read from; tests replace it.
    """

    format: str
    devices: Callable[[], Sequence[Device]]
    container: Callable[[Opening], Container] = Container


class WebcamAttributes(Attributes):
    """Attributes of ``model: webcam`` in the YAML."""

    video_path: str | int | None = Field(None, description="Device (/dev/video0) or number; the first one found.")
    width_px: int | None = Field(
        None, ge=1, le=16384, description="Width asked for; the camera's own choice if absent."
    )
    height_px: int | None = Field(None, ge=1, le=16384, description="Height asked for.")
    frame_rate: float | None = Field(None, gt=0, le=1000, description="Requested frames per second.")
    format: str | None = Field(None, description=f"How the camera sends pictures: {', '.join(FORMATS)}.")

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str | None) -> str | None:
        if name is not None and name.lower() not in FORMATS:
            raise ValueError(f'must be one of: {", ".join(FORMATS)}; got "{name}"')
        return name


def device_of(attributes: WebcamAttributes) -> str:
    """Return the path or name of the device that a camera opens, without opening it; empty if there is none."""
    wanted, on_linux = attributes.video_path, sys.platform.startswith("linux")
    if isinstance(wanted, str) and not wanted.isdecimal():
        return str(Path(wanted).resolve()) if on_linux else wanted
    if wanted is not None and on_linux:
        return f"/dev/video{wanted}"
    number = int(wanted or 0)
    return next((device.path for device in webcams()[number : number + 1]), "")


class Webcam(FFmpegCamera[WebcamAttributes, Container]):
    """A camera of this machine: V4L2 on Linux, AVFoundation on macOS, DirectShow on Windows.

    If the device does not support the requested size and rate, its driver uses the nearest. A blocking driver cannot be
    interrupted: ``close`` still returns at once, and the device is released when the driver returns.

    Raises:
        CameraError: from ``open``, when the device is missing (the message lists the available ones), not permitted or
            in use; from ``read``, when it was unplugged.
    """

    model_name: ClassVar[str] = "webcam"
    attributes_type: ClassVar[type[Attributes]] = WebcamAttributes
    silence_s: ClassVar[float | None] = 10.0  # a blocking driver has no timeout

    def __init__(
        self, name: str, attributes: WebcamAttributes, *, paced: bool = True, driver: Driver | None = None
    ) -> None:
        super().__init__(name, attributes, paced=paced)
        self._driver = driver
        self._device = ""

    def open(self) -> None:
        """Find the device and start it."""
        self.close()
        driver = self._driver or system_driver()
        devices = driver.devices()
        self._device = self._chosen(driver, devices)
        container = driver.container(self._opening(driver))
        self._container = container
        self._times: LiveTimes | None = None
        self._meter = RateMeter()
        try:
            container.open()
        except ContainerClosed:
            raise CameraError("closed") from None
        except CameraError:
            self.close()
            raise
        except NoVideo:
            self.close()
            raise CameraError(f"{self._device} sends no pictures; {_named(devices)}") from None
        except FFmpegError as error:
            self.close()
            raise CameraError(self._opening_failure(error, devices)) from error

    def read(self) -> Frame:
        """Wait for the next frame and return it."""
        container = self._opened()
        try:
            frame = container.next_frame()
        except ContainerClosed:
            raise CameraError("closed") from None
        except FFmpegError as error:
            raise CameraError(f"{self._device} stopped ({_message(error)}); was it unplugged?") from error
        if frame is None:
            raise CameraError(f"{self._device} sends no more pictures; was it unplugged?")
        source_pts, interval, time_base = timing_of(frame)
        times = self._times = self._times or LiveTimes(time_base)
        pts = times.place(source_pts, interval, container.received_at_s)
        self._meter.add(seconds(source_pts, time_base))
        pixels = pixels_from_av(frame, container.pixel_aspect)
        mark = Mark("captured", container.received_at_s)
        return Frame(pixels, pts, time_base, container.received_at, trace=(mark,))

    def _chosen(self, driver: Driver, devices: Sequence[Device]) -> str:
        wanted = self.attributes.video_path
        if wanted is None:
            if not devices:
                raise CameraError(_named(devices))
            return devices[0].path
        if isinstance(wanted, str) and not wanted.isdecimal():
            return wanted
        if driver.format == "v4l2":
            return f"/dev/video{wanted}"
        if int(wanted) >= len(devices):
            raise CameraError(f"no camera has the number {wanted}; {_named(devices)}")
        return devices[int(wanted)].path

    def _opening(self, driver: Driver) -> Opening:
        attributes = self.attributes
        options = {"flags": "low_delay"}
        if attributes.width_px is not None and attributes.height_px is not None:
            options["video_size"] = f"{attributes.width_px}x{attributes.height_px}"
        if attributes.frame_rate is not None:
            options["framerate"] = f"{attributes.frame_rate:g}"
        if attributes.format is not None:
            name = FORMATS[attributes.format.lower()]
            if driver.format == "v4l2":
                options["input_format"] = name
            else:
                options["vcodec" if name in _COMPRESSED else "pixel_format"] = name
        url = f"video={self._device}" if driver.format == "dshow" else self._device
        return Opening(url, format=driver.format, options=options, max_pixels=self.limits.pixels)

    def _opening_failure(self, error: FFmpegError, devices: Sequence[Device]) -> str:
        if isinstance(error, FileNotFoundError):
            return f"no such camera: {self._device}; {_named(devices)}"
        if isinstance(error, PermissionError):
            return f"{self._device} cannot be used: permission denied; add this user to the group video"
        if isinstance(error, av.error.OSError) and error.errno == 16:  # EBUSY
            return f"{self._device} is in use by another program"
        return f"{self._device} cannot be opened ({_message(error)}); {_named(devices)}"


def system_driver() -> Driver:
    """Return the camera driver of this operating system."""
    if sys.platform == "darwin":
        return Driver("avfoundation", lambda: _listed("avfoundation"))
    if sys.platform == "win32":
        return Driver("dshow", lambda: _listed("dshow"))
    return Driver("v4l2", lambda: _listed("v4l2"))


def webcams(system: Path = Path("/sys/class/video4linux")) -> Sequence[Device]:
    """Return the cameras of this machine, the default first, without opening any.

    Args:
        system: Where Linux describes its devices. A camera has several; the first gives its pictures.
    """
    driver = system_driver()
    if driver.format != "v4l2":
        return driver.devices()
    devices = []
    for folder in system.glob("video[0-9]*"):
        with contextlib.suppress(OSError):  # it was just unplugged
            if (folder / "index").read_text().strip() == "0":
                devices.append(Device(f"/dev/{folder.name}", (folder / "name").read_text().strip()))
    return sorted(devices, key=lambda device: int(device.path.removeprefix("/dev/video")))


def _listed(format: str) -> list[Device]:
    try:
        found = enumerate_input_devices(format)
    except (FFmpegError, ValueError):
        found = []
    devices = [
        Device(device.name, device.description)
        for device in found
        if not device.media_types or "video" in device.media_types
    ]
    if not devices and format == "v4l2":
        # Devices in use or without permission are not enumerated, but belong in the message.
        devices = [Device(str(path), "") for path in sorted(Path("/dev").glob("video[0-9]*"))]
    return devices


def _named(devices: Sequence[Device]) -> str:
    if not devices:
        return "no camera found on this machine; plug one in, or pass it to the container with --device /dev/video0"
    names = ", ".join(f"{path} ({description})" if description else path for path, description in devices)
    return f"found: {names}"


def _message(error: FFmpegError) -> str:
    return (error.strerror or type(error).__name__).lower()
