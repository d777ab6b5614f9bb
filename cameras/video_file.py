"""The camera that plays a video file."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import ClassVar, NamedTuple

import av
from av.error import FFmpegError
from pydantic import Field

from .attributes import Attributes, LocalPath
from .base import CameraCutShort, CameraEnded, CameraError
from .container import Container, ContainerClosed, NoVideo, Opening
from .ffmpeg import FFmpegCamera, PictureAttributes
from .formats import FILE_OPTIONS, unreadable_file
from .picture import Frame, Mark, pixels_from_av
from .timing import Pacer, RateMeter, Rebase, seconds, timing_of

ONE_FILE = "a video_file plays one file"

_MISSING_S = 1.0  # a file whose declared length exceeds its last frame by more is truncated
# Formats of broadcasts. Their clock may step at any time, as where recordings are joined; what seems a pause is a step.
_WITH_STEPS = frozenset({"mpegts", "mpegtsraw", "mpeg"})
_STEP_S = 10
_ROUNDED_S = Fraction(1, 2_000_000)  # how far a time in microseconds may be after that of its frame


class _Placed(NamedTuple):
    """A decoded frame and its time in ticks since the first frame of the file."""

    frame: av.VideoFrame
    pts: int


class VideoFileAttributes(PictureAttributes):
    """Attributes of ``model: video_file`` in the YAML."""

    path: LocalPath = Field(description="The video file.")
    loop: bool = Field(False, description="Restart at the end.")

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error for a missing file."""
        if not self.path.is_file():
            yield ("path",), unreadable_file(self.path, None, ONE_FILE)


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
        self._first: _Placed | None = None
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
            raise CameraError(unreadable_file(path, None, ONE_FILE), lasting=True)
        container = Container(
            Opening(
                f"file:{path}", options=FILE_OPTIONS, max_pixels=self.limits.pixels, **self.attributes.of_pictures()
            )
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

    def skip_to(self, start_s: float) -> None:
        """Skip the frames before a time, after ``open`` and before the first ``read``.

        The times of the frames stay relative to the first one of the file. Where the file has an index of its key
        frames, decoding begins at the last one before the time. If the file ends earlier, the next ``read`` raises its
        end.

        Args:
            start_s: The time in seconds. It may be rounded to microseconds.

        Raises:
            CameraError: when the file cannot be read.
        """
        container, placed = self._opened(), self._first
        assert placed is not None
        source_pts, _, time_base = timing_of(placed.frame)
        start = math.ceil((Fraction(start_s) - _ROUNDED_S) / time_base)
        if placed.pts >= start:
            return
        try:
            following = self._next(container) if container.seek(source_pts + start) else None
        except ContainerClosed:
            raise CameraError("closed") from None
        if following is None or following.pts > start:
            # No index; or what begins there is no key frame but a refresh, which takes several frames to complete.
            self._rebase = Rebase()
            following = self._begin(container)
        while following is not None and following.pts < start:
            following = self._next(container)
        self._first = following

    def read(self) -> Frame:
        """Wait until the next frame is due and return it."""
        container = self._opened()
        placed, self._first = self._first or self._next(container), None
        if placed is None:
            self._end_of_pass(container)
            self._rebase.restart()
            placed = self._begin(container)
        frame, pts = placed
        time_base = timing_of(frame)[2]
        time_s = seconds(pts, time_base)
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

    def _begin(self, container: Container) -> _Placed:
        path = self.attributes.path
        self._pass_began_s = None
        try:
            container.open()
        except ContainerClosed:
            raise CameraError("closed") from None
        except NoVideo:
            raise CameraError(f"{path} contains no video", lasting=True) from None
        except FFmpegError as error:
            raise CameraError(unreadable_file(path, error, ONE_FILE), lasting=True) from error
        placed = self._next(container)
        if placed is None:
            message = f"{path} contains a video without any decodable picture: it is damaged or incomplete"
            raise CameraError(message, lasting=True)
        return placed

    def _next(self, container: Container) -> _Placed | None:
        """Return the next frame; ``None`` at the end of the file."""
        try:
            frame = container.next_frame()
        except ContainerClosed:
            raise CameraError("closed") from None
        except FFmpegError as error:
            message = f"{self.attributes.path} cannot be read further ({error.strerror})"
            if isinstance(error, av.error.InvalidDataError) and self._pass_began_s is not None:
                if self.attributes.loop:
                    return None
                raise CameraCutShort(f"{message}: the file is damaged") from error
            raise CameraError(message) from error
        return None if frame is None else self._placed(container, frame)

    def _placed(self, container: Container, frame: av.VideoFrame) -> _Placed:
        source_pts, interval, time_base = timing_of(frame)
        may_step = container.format in _WITH_STEPS
        step_max = _STEP_S * time_base.denominator // time_base.numerator if may_step else None
        pts = self._rebase.place(source_pts, interval, step_max)
        time_s = seconds(pts, time_base)
        if self._pass_began_s is None:
            self._pass_began_s = time_s
        self._pass_s = time_s + seconds(interval, time_base) - self._pass_began_s
        return _Placed(frame, pts)

    def _end_of_pass(self, container: Container) -> None:
        if self.attributes.loop:
            return
        path, declared_s = self.attributes.path, container.duration_s
        missing_s = 0.0 if declared_s is None or self._rebase.jumped else declared_s - self._pass_s
        if declared_s is not None and missing_s > max(_MISSING_S, declared_s / 20):
            raise CameraCutShort(f"{path} ends after {self._pass_s:.1f} of {declared_s:.1f} s: the file is incomplete")
        raise CameraEnded(f"{path} has ended")
