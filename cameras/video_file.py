"""The camera that plays a video file."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from typing import ClassVar

import av
from av.error import FFmpegError
from pydantic import Field

from .attributes import Attributes, LocalPath
from .base import CameraCutShort, CameraEnded, CameraError
from .container import Container, ContainerClosed, NoVideo, Opening
from .ffmpeg import FFmpegCamera, PictureAttributes
from .formats import FILE_FORMATS
from .picture import Frame, Mark, pixels_from_av
from .timing import Pacer, RateMeter, Rebase, seconds, timing_of

NO_FILE = "{path} is a pipe or a device; a video_file plays one file"

_MISSING_S = 1.0  # a file whose declared length exceeds its last frame by more is truncated
# Formats of broadcasts. Their clock may step at any time, as where recordings are joined; what seems a pause is a step.
_WITH_STEPS = frozenset({"mpegts", "mpegtsraw", "mpeg"})
_STEP_S = 10


class VideoFileAttributes(PictureAttributes):
    """Attributes of ``model: video_file`` in the YAML."""

    path: LocalPath = Field(description="The video file.")
    loop: bool = Field(False, description="Restart at the end.")

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error for a missing file."""
        if self.path.is_dir():
            yield ("path",), f"{self.path} is a folder; a video_file plays one file"
        elif not self.path.exists():
            yield ("path",), f"no such file: {self.path}"
        elif not self.path.is_file():
            yield ("path",), NO_FILE.format(path=self.path)


class VideoFile(FFmpegCamera[VideoFileAttributes, Container]):
    """A camera that plays the frames of a file in real time, by the timestamps in the file.

    A pause of the reader pauses the video: no frame is skipped or hurried. With ``paced=False``, frames come as fast as
    they decode. With ``loop``, the first frame follows the last by one frame interval. The rotation stored in the file
    (by phones) is applied; the size may change in mid-file.

    Raises:
        CameraError: from ``open``, when the file has no video; from ``read``, when it is truncated.
        CameraEnded: from ``read``, after the last frame without ``loop``.
    """

    model_name: ClassVar[str] = "video_file"
    attributes_type: ClassVar[type[Attributes]] = VideoFileAttributes
    live: ClassVar[bool] = False

    def __init__(self, name: str, attributes: VideoFileAttributes, *, paced: bool = True) -> None:
        super().__init__(name, attributes, paced=paced)
        self._first: av.VideoFrame | None = None
        self._pass_began_s: float | None = None
        self._pass_s = 0.0

    @property
    def frame_rate(self) -> float | None:
        """Declared frames per second, or as measured if the file declares none that can be believed."""
        return self._declared_rate or self._meter.per_second

    @property
    def frame_count(self) -> int | None:
        """Number of frames as the file declares it; ``None`` if it does not, and before ``open``."""
        container = self._container
        return None if container is None else container.frame_count

    def open(self) -> None:
        """Open the file and decode its first frame."""
        self.close()
        path = self.attributes.path
        if path.exists() and not path.is_file() and not path.is_dir():  # opening a pipe may block for ever
            raise CameraError(NO_FILE.format(path=path), lasting=True)
        # "file:" keeps a colon in the name from being a protocol.
        options = {"protocol_whitelist": "file,crypto,data", "format_whitelist": FILE_FORMATS}
        container = Container(
            Opening(f"file:{path}", options=options, max_pixels=self.limits.pixels, **self.attributes.of_pictures())
        )
        self._container = container
        self._rebase = Rebase()
        self._pacer = Pacer(container.closing)
        self._meter = RateMeter()
        try:
            self._first = self._begin(container)
        except CameraError:
            self.close()
            raise

    def read(self) -> Frame:
        """Wait until the next frame is due and return it."""
        container = self._opened()
        frame, self._first = self._first or self._next(container), None
        if frame is None:
            self._end_of_pass(container)
            self._rebase.restart()
            frame = self._begin(container)
        source_pts, interval, time_base = timing_of(frame)
        may_step = container.format in _WITH_STEPS
        step_max = _STEP_S * time_base.denominator // time_base.numerator if may_step else None
        pts = self._rebase.place(source_pts, interval, step_max)
        time_s = seconds(pts, time_base)
        if self._pass_began_s is None:
            self._pass_began_s = time_s
        self._pass_s = time_s + seconds(interval, time_base) - self._pass_began_s
        self._meter.add(time_s)
        pixels = pixels_from_av(frame, container.pixel_aspect)
        if self.paced:
            self._pacer.wait(time_s)
            if container.closing.is_set():
                raise CameraError("closed")
        return Frame(pixels, pts, time_base, time.time(), trace=(Mark("captured", time.monotonic()),))

    def close(self) -> None:
        """Close the file; a waiting ``read`` raises at once."""
        self._first = None
        super().close()

    def _begin(self, container: Container) -> av.VideoFrame:
        path = self.attributes.path
        self._pass_began_s = None
        try:
            container.open()
        except ContainerClosed:
            raise CameraError("closed") from None
        except NoVideo:
            raise CameraError(f"{path} contains no video", lasting=True) from None
        except FFmpegError as error:
            raise CameraError(self._unreadable(error), lasting=True) from error
        frame = self._next(container)
        if frame is None:
            message = f"{path} contains a video without any decodable picture: it is damaged or incomplete"
            raise CameraError(message, lasting=True)
        return frame

    def _unreadable(self, error: FFmpegError) -> str:
        path = self.attributes.path
        if isinstance(error, FileNotFoundError):
            return f"no such file: {path}"
        if isinstance(error, PermissionError):
            return f"{path} cannot be read: permission denied"
        if isinstance(error, IsADirectoryError) or path.is_dir():
            return f"{path} is a folder; a video_file plays one file"
        if path.exists() and path.stat().st_size == 0:
            return f"{path} is empty"
        if error.errno == errno.EINVAL:
            return f"{path} is a playlist or has another format that is not supported; a video_file plays one file"
        return f"{path} cannot be read as a video ({error.strerror}): the file is not a video, damaged or incomplete"

    def _next(self, container: Container) -> av.VideoFrame | None:
        try:
            return container.next_frame()
        except ContainerClosed:
            raise CameraError("closed") from None
        except FFmpegError as error:
            message = f"{self.attributes.path} cannot be read further ({error.strerror})"
            if isinstance(error, av.error.InvalidDataError) and self._pass_began_s is not None:
                if self.attributes.loop:
                    return None
                raise CameraCutShort(f"{message}: the file is damaged") from error
            raise CameraError(message) from error

    def _end_of_pass(self, container: Container) -> None:
        if self.attributes.loop:
            return
        path, declared_s = self.attributes.path, container.duration_s
        missing_s = 0.0 if declared_s is None or self._rebase.jumped else declared_s - self._pass_s
        if declared_s is not None and missing_s > max(_MISSING_S, declared_s / 20):
            raise CameraCutShort(f"{path} ends after {self._pass_s:.1f} of {declared_s:.1f} s: the file is incomplete")
        raise CameraEnded(f"{path} has ended")
