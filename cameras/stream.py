"""The camera that receives a network stream, in any protocol that FFmpeg reads."""

from __future__ import annotations

import errno
import math
import socket
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import ClassVar, Literal
from urllib.parse import urlsplit

import av
from av.error import FFmpegError
from pydantic import Field, field_validator

from .attributes import AddressAttributes, Attributes
from .base import CameraEnded, CameraError, CameraUnreachable
from .coded import CodedPicture
from .connecting import Connection, Host
from .container import Container, ContainerClosed, NoPictures, Opening, Picture
from .ffmpeg import FFmpegCamera, PictureAttributes
from .multipart import Multipart
from .network import HIDDEN, PORTS, redact_url, url_problem
from .packets import NoData
from .picture import Frame, Mark, pixels_from_av
from .stream_failures import ELSEWHERE, reason
from .timing import CaptureClock, CaptureTimes, LiveTimes, Pacer, RateMeter, Rebase, seconds, timing_of

# Formats without timestamps: the arrival time is used.
_WITHOUT_TIMES = frozenset({"mpjpeg", "mjpeg", "image2pipe", "jpeg_pipe", "png_pipe", "h264", "hevc", "m4v"})
# Formats that arrive in segments, or as fast as the network allows: they are played by their timestamps.
_SEGMENTED = frozenset({"hls", "dash", "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "gif"})
_ARRIVAL_TIME_BASE = Fraction(1, 90_000)  # the RTP video clock

_BACKLOG_S = 2.0  # time after the first frame in which a backlog is skipped
_AT_ONCE = 0.25  # a packet that arrives within this share of a frame interval was waiting

_CONNECT_S = 1.0

_MISSING_S = 1.0  # a stream whose declared length exceeds its last frame by more has broken off
_ENDED = "the host ended the stream"


class StreamAttributes(AddressAttributes, PictureAttributes):
    """Attributes of ``model: stream`` in the YAML."""

    url: str = Field(repr=False, description="URL, such as rtsp://user:password@camera.local/stream.")
    transport: Literal["tcp", "udp"] = Field("tcp", description="Transport of RTSP media.")
    open_timeout_s: float = Field(10.0, gt=0, le=3600, description="Limit for opening the stream, in seconds.")
    read_timeout_s: float = Field(5.0, gt=0, le=3600, description="Limit for each wait for data, in seconds.")

    @field_validator("url")
    @classmethod
    def _known_kind(cls, url: str) -> str:
        problem = url_problem(url)
        if problem is not None:
            raise ValueError(problem)
        return url

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error for a protocol that this build of FFmpeg does not have."""
        if self.url.lower().startswith("srt:") and not has_srt():
            yield (
                ("url",),
                "this build of FFmpeg does not support SRT; use RTSP, RTMP or MPEG-TS over UDP",
            )


@cache
def has_srt() -> bool:
    """Return whether this build of FFmpeg supports SRT."""
    try:
        av.open("srt://", timeout=0.1).close()
    except av.error.ProtocolNotFoundError:
        return False
    except FFmpegError:  # it misses the port
        return True
    return True


class Stream(FFmpegCamera[StreamAttributes, Container | Multipart]):
    """A camera that receives RTSP, HTTP, MJPEG, HLS, RTMP, SRT, UDP or TCP streams with the least possible delay.

    * Both timeouts hold whatever the peer does, and ``close`` from another thread ends any wait at once.
    * A backlog at the start is decoded but skipped: the newest frame wins.
    * Undecodable data, as before the first key frame, is dropped and counted.
    * Segmented streams (HLS, a file over HTTP) are played by their timestamps; all others as they arrive.
    * Redirects and playlists lead to the host itself and to public addresses only.
    * No message contains user, password or token of the URL.

    Raises:
        CameraError: from ``open``, when the stream has no video; from ``read``, when it breaks off, stalls, or gives
            data without pictures.
        CameraUnreachable: from ``open``, when nothing answers.
        CameraAccessDenied: from ``open``, when the host does not accept user and password.
        CameraEnded: from ``read``, after the last frame of a stream with a declared length.
    """

    model_name: ClassVar[str] = "stream"
    attributes_type: ClassVar[type[Attributes]] = StreamAttributes
    may_pass: ClassVar[bool] = True

    def __init__(self, name: str, attributes: StreamAttributes, *, paced: bool = True) -> None:
        super().__init__(name, attributes, paced=paced)
        self._address = redact_url(attributes.url)
        self._connection: Connection | None = None
        self._capture = CaptureTimes()
        self.skipped = 0

    @property
    def frame_rate(self) -> float | None:
        """Frames per second as measured; before that, as declared, if the format has timestamps."""
        return super().frame_rate

    @property
    def _declared_rate(self) -> float | None:
        container = self._container
        return None if container is None or container.format in _WITHOUT_TIMES else super()._declared_rate

    @property
    def clock_fault(self) -> str | None:
        """What is wrong with the clock that the camera sends in RTCP sender reports."""
        return self._capture.fault

    def require_reachable(self) -> None:
        """Check whether the host accepts connections, by one that sends nothing."""
        try:
            parts = urlsplit(self.attributes.full_url)
            port = parts.port or PORTS.get(parts.scheme, 0)
        except ValueError:
            return
        if parts.scheme not in PORTS or parts.hostname is None or self._address.endswith(HIDDEN):
            return
        try:
            socket.create_connection((parts.hostname, port), _CONNECT_S).close()
        except OSError as error:
            raise CameraUnreachable(f"{self._address}: {reason(error)}") from None
        except UnicodeError:  # a label of more than 63 letters
            return

    def open(self) -> None:
        """Connect and find the video."""
        self.close()
        attributes = self.attributes
        opening = Opening(
            open_timeout_s=attributes.open_timeout_s,
            read_timeout_s=attributes.read_timeout_s,
            pictures=True,
            max_pixels=self.limits.pixels,
            # FFmpeg does not tell which packets of RTP are missing over UDP; only the decoder notices.
            passes=attributes.transport == "tcp",
            **attributes.of_pictures(),
        )
        self._rebase = Rebase()
        self._times: LiveTimes | None = None
        self._meter = RateMeter()
        self._capture = CaptureTimes()
        self._began: int | None = None
        self._played_s = 0.0
        self.skipped = 0
        self._first_at_s = math.inf
        self._catching_up = True
        self._coded: CodedPicture | None = None
        self._is_late = False
        connection = self._connection = Connection(
            Host(attributes.full_url, self._address, attributes.transport), opening
        )
        container = connection.open()
        self._pacer = Pacer(container.closing)
        self._container = container
        if self._connection is not connection:  # closed meanwhile
            container.close()
            raise CameraError("closed")

    def read(self) -> Frame:
        """Wait for the next frame and return it."""
        while not isinstance(picture := self.read_picture(), Frame):
            pass
        return picture

    def read_picture(self) -> Frame | CodedPicture:
        """Wait for the next picture and return it, as it came or decoded."""
        container = self._opened()
        while True:
            passed, frame, (source_pts, interval, source_base) = self._next(container)
            if passed is not None and frame is not None and self._coded is not None:
                # Its coded picture was the last one.
                if self._is_late:
                    self.skipped += 1
                    continue
                coded = self._coded
                pixels = pixels_from_av(frame, container.pixel_aspect)
                return coded.frame(pixels)
            pts, time_base, interval = self._placed(container, source_pts, interval, source_base)
            is_segmented = container.format in _SEGMENTED
            is_late = not is_segmented and self._is_backlog(container, seconds(interval, time_base))
            if passed is not None:
                self._is_late = is_late
                captured_at, clock, trace = self._captured(container, source_pts, source_base)
                self._coded = CodedPicture(*passed, pts, time_base, captured_at, trace=trace, capture_clock=clock)
                return self._coded
            if is_late:
                self.skipped += 1
                continue
            assert frame is not None, "a picture is coded or decoded"
            pixels = pixels_from_av(frame, container.pixel_aspect)
            arrival = None
            if is_segmented and self.paced:
                self._pacer.wait(seconds(pts, time_base))
                if container.closing.is_set():
                    raise CameraError("closed")
                arrival = time.time(), time.monotonic()
            captured_at, clock, trace = self._captured(container, source_pts, source_base, arrival)
            return Frame(pixels, pts, time_base, captured_at, trace=trace, capture_clock=clock)

    def _captured(
        self,
        container: Container | Multipart,
        source_pts: int,
        time_base: Fraction,
        arrival: tuple[float, float] | None = None,
    ) -> tuple[float, CaptureClock, tuple[Mark, ...]]:
        """Return when a picture was captured, by which clock, and its first marks.

        ``arrival`` is when it arrived, on the wall clock and the monotonic one; by default that of its packet.
        """
        received_at, received_at_s = arrival or (container.received_at, container.received_at_s)
        offset_s = container.clock_offset_s
        stated_at = None if offset_s is None else seconds(source_pts, time_base) + offset_s
        captured_at, clock = self._capture.of(stated_at, received_at)
        if clock == "arrival":
            return captured_at, clock, (Mark("captured", received_at_s),)
        captured_at_s = received_at_s - (received_at - captured_at)
        return captured_at, clock, (Mark("captured", captured_at_s), Mark("received", received_at_s))

    def _placed(
        self, container: Container | Multipart, source_pts: int, interval: int, time_base: Fraction
    ) -> tuple[int, Fraction, int]:
        """Return the time of a picture, its time base, and the interval to the next."""
        if container.format in _WITHOUT_TIMES:
            times = self._times = self._times or LiveTimes(_ARRIVAL_TIME_BASE)
            pts = times.place(None, 1, container.received_at_s)
            self._meter.add(seconds(pts, _ARRIVAL_TIME_BASE))
            return pts, _ARRIVAL_TIME_BASE, 1
        if self._began is None:
            self._began = source_pts
        self._meter.add(seconds(source_pts, time_base))
        self._played_s = seconds(source_pts + interval - self._began, time_base)
        if container.format in _SEGMENTED:
            return self._rebase.place(source_pts, interval), time_base, interval
        times = self._times = self._times or LiveTimes(time_base)
        return times.place(source_pts, interval, container.received_at_s), time_base, interval

    def close(self) -> None:
        """Disconnect; a waiting ``open`` or ``read`` raises at once."""
        connection, self._connection = self._connection, None
        super().close()
        if connection is not None:
            connection.close()

    def _next(self, container: Container | Multipart) -> Picture:
        try:
            if isinstance(container, Container):
                container.decodes = self.decodes
                picture = container.next_picture()
            else:
                frame = container.next_frame()
                picture = None if frame is None else Picture(None, frame, timing_of(frame))
        except ContainerClosed:
            raise CameraError("closed") from None
        except (NoData, NoPictures) as error:
            raise CameraError(f"{self._address}: {error}") from None
        except (FFmpegError, OSError) as error:
            ended = error.errno == errno.EIO  # most demuxers report a closed connection so
            raise self._broken(_ENDED if ended else reason(error)) from None
        if picture is not None:
            return picture
        declared_s = container.duration_s
        if declared_s is None:
            raise self._broken(_ENDED)
        if declared_s - self._played_s > max(_MISSING_S, declared_s / 20):
            raise self._broken(f"{_ENDED} after {self._played_s:.1f} of {declared_s:.1f} s")
        raise CameraEnded(f"{self._address} has ended")

    def _broken(self, words: str) -> CameraError:
        """Return the error of a stream that has broken off."""
        connection = self._connection
        led_elsewhere = connection is not None and connection.led_elsewhere
        return CameraError(f"{self._address}: {ELSEWHERE if led_elsewhere else words}")

    def _is_backlog(self, container: Container | Multipart, interval_s: float) -> bool:
        """Return whether this frame is part of a backlog with newer frames. The first frame is always shown."""
        if not self._catching_up:
            return False
        now_s = container.received_at_s
        if self._first_at_s == math.inf:
            self._first_at_s = now_s
            return False
        waiting = container.waited_s < interval_s * _AT_ONCE
        self._catching_up = waiting and now_s - self._first_at_s < _BACKLOG_S
        return self._catching_up
