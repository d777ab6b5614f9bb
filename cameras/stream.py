"""The camera that receives a network stream, in any protocol that FFmpeg reads."""

from __future__ import annotations

import errno
import math
import socket
import time
from fractions import Fraction
from typing import ClassVar, Literal
from urllib.parse import urlsplit

import av
from av.error import FFmpegError
from pydantic import Field, field_validator

from .attributes import Attributes
from .base import CameraEnded, CameraError
from .container import Container, ContainerClosed, NoVideo, Opening
from .ffmpeg import FFmpegCamera
from .pacing import Pacer, Rebase, ticks
from .picture import Frame, Mark, pixels_from_av
from .urls import ESCAPING, HIDDEN, redact_url, url_problem

# Protocols that redirects and playlists may use: the network, never a file or device of this machine.
_PROTOCOLS = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,hls,crypto,data,rtmp,rtmps,rtmpt,rtmpts,srt"
# Formats without timestamps: the arrival time is used.
_WITHOUT_TIMES = frozenset({"mpjpeg", "mjpeg", "image2pipe", "jpeg_pipe", "png_pipe", "h264", "hevc", "m4v"})
# Formats that arrive in segments, or as fast as the network allows: they are played by their timestamps.
_SEGMENTED = frozenset({"hls", "dash", "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "gif"})
_ARRIVAL_TIME_BASE = Fraction(1, 90_000)  # the RTP video clock

_BACKLOG_S = 2.0  # time after the first frame in which a backlog is skipped
_AT_ONCE = 0.25  # a packet that arrives within this share of a frame interval was waiting

_ENDED = "the host ended the stream"
_REASONS = {
    av.error.ConnectionRefusedError: "connection refused; nothing listens there",
    av.error.ConnectionResetError: "the other side broke the connection",
    av.error.HTTPUnauthorizedError: "401 unauthorized; user and password are missing or wrong",
    av.error.HTTPForbiddenError: "403 forbidden; this user has no access",
    av.error.HTTPNotFoundError: "404 not found; the host answers, but has no such stream",
    av.error.HTTPBadRequestError: "400 bad request; the server does not understand the address",
    av.error.HTTPTooManyRequestsError: "429 too many requests; the server asks for a pause",
    av.error.HTTPOtherClientError: "the server refuses the request",
    av.error.HTTPServerError: "server error",
    av.error.ProtocolNotFoundError: "this build of FFmpeg does not support that protocol",
}


class StreamAttributes(Attributes):
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


class Stream(FFmpegCamera[StreamAttributes]):
    """A camera that receives RTSP, HTTP, MJPEG, HLS, RTMP, SRT, UDP or TCP streams with the least possible delay.

    * Both timeouts hold whatever the peer does, and ``close`` from another thread ends any wait at once.
    * A backlog at the start is decoded but skipped: the newest frame wins.
    * Undecodable data, as before the first key frame, is dropped and counted.
    * Segmented streams (HLS, a file over HTTP) are played by their timestamps; all others as they arrive.
    * No message contains user, password or token of the URL.

    Raises:
        CameraError: from ``open``, when the stream is unreachable or has no video; from ``read``, when it breaks off or
            stalls.
        CameraEnded: from ``read``, after the last frame of a stream with a declared length.
    """

    model_name: ClassVar[str] = "stream"
    attributes_type: ClassVar[type[Attributes]] = StreamAttributes

    def __init__(self, name: str, attributes: StreamAttributes, *, paced: bool = True) -> None:
        super().__init__(name, attributes, paced=paced)
        self._address = redact_url(attributes.url)
        self.skipped = 0

    @property
    def frame_rate(self) -> float | None:
        """Declared frames per second; ``None`` if the format has no timestamps."""
        container = self._container
        return None if container is None or container.format in _WITHOUT_TIMES else super().frame_rate

    def open(self) -> None:
        """Connect and find the video."""
        self.close()
        container = Container(self._opening())
        self._container = container
        self._rebase = Rebase()
        self._pacer = Pacer(container.closing)
        self._undated = self.skipped = 0
        self._first_at_s = math.inf
        self._catching_up = True
        began_s = time.monotonic()
        try:
            container.open()
        except ContainerClosed:
            raise CameraError("closed") from None
        except NoVideo:
            self.close()
            raise CameraError(f"{self._address}: the host answers, but sends no video") from None
        except FFmpegError as error:
            self.close()
            raise CameraError(f"{self._address}: {self._opening_failure(error, began_s)}") from None

    def read(self) -> Frame:
        """Wait for the next frame and return it."""
        container = self._opened()
        while True:
            frame = self._next(container)
            if container.format in _WITHOUT_TIMES:
                time_base = _ARRIVAL_TIME_BASE
                source_pts = round(container.received_at_s / time_base)
                interval = 1
            elif frame.pts is None or frame.time_base is None:
                self._undated += 1
                continue
            else:
                source_pts, time_base = frame.pts, frame.time_base
                rate = container.frame_rate
                interval = frame.duration or ticks(1 / rate if rate else None, time_base)
            pts = self._rebase.place(source_pts, interval)
            is_segmented = container.format in _SEGMENTED
            if not is_segmented and self._is_backlog(container, float(interval * time_base)):
                self.skipped += 1
                continue
            pixels = pixels_from_av(frame)
            captured_at, captured_at_s = container.received_at, container.received_at_s
            if is_segmented and self.paced:
                self._pacer.wait(float(pts * time_base))
                if container.closing.is_set():
                    raise CameraError("closed")
                captured_at, captured_at_s = time.time(), time.monotonic()
            return Frame(pixels, pts, time_base, captured_at, trace=(Mark("captured", captured_at_s),))

    def _opening(self) -> Opening:
        attributes = self.attributes
        options = {
            "protocol_whitelist": _PROTOCOLS,
            "rtsp_transport": attributes.transport,
            "flags": "low_delay",
            # Enough to learn the size even if the parameter sets come late, without a wait to measure the rate.
            # (fflags=nobuffer would discard the data read meanwhile, including the first key frame.)
            "probesize": "500000",
            "analyzeduration": "1000000",
            "fpsprobesize": "0",
            "max_delay": "100000",  # reordering delay of UDP packets, in microseconds
        }
        return Opening(
            attributes.url,
            options=options,
            open_timeout_s=attributes.open_timeout_s,
            read_timeout_s=attributes.read_timeout_s,
        )

    def _next(self, container: Container) -> av.VideoFrame:
        silent_s = self.attributes.read_timeout_s
        began_s = time.monotonic()
        try:
            frame = container.next_frame()
        except ContainerClosed:
            raise CameraError("closed") from None
        except FFmpegError as error:
            if _is_over(began_s, silent_s):
                raise CameraError(f"{self._address}: no data for {silent_s:g} s") from None
            ended = error.errno == errno.EIO  # most demuxers report a closed connection so
            raise CameraError(f"{self._address}: {_ENDED if ended else _reason(error)}") from None
        if frame is not None:
            if container.waited_s > silent_s - 0.05:  # flushed by the parser after the deadline
                raise CameraError(f"{self._address}: no data for {silent_s:g} s")
            return frame
        if _is_over(max(began_s, container.received_at_s), silent_s):
            raise CameraError(f"{self._address}: no data for {silent_s:g} s")
        if container.duration_s is not None:
            raise CameraEnded(f"{self._address} has ended")
        raise CameraError(f"{self._address}: {_ENDED}")

    def _is_backlog(self, container: Container, interval_s: float) -> bool:
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

    def _opening_failure(self, error: FFmpegError, began_s: float) -> str:
        attributes = self.attributes
        if _is_over(began_s, attributes.open_timeout_s):
            return f"no stream within {attributes.open_timeout_s:g} s; the host does not answer, or sends nothing"
        if isinstance(error, av.error.InvalidDataError):
            return "the host answers, but not with video (perhaps with a web page)"
        if isinstance(error, av.error.OSError) and not _resolves(attributes.url):
            unclear = "@" in attributes.url and redact_url(attributes.url).endswith(HIDDEN)
            return f"no such host; {ESCAPING}" if unclear else "no such host"
        if error.errno == errno.EIO:  # the end of a response without a length
            return "the host answers, but closes the connection before any video (perhaps after a web page)"
        return _reason(error)


def _is_over(began_s: float, timeout_s: float) -> bool:
    # FFmpeg checks the deadline ten times a second and often returns another error than a timeout.
    return time.monotonic() - began_s > timeout_s - 0.05


def _reason(error: FFmpegError) -> str:
    for kind, words in _REASONS.items():
        if isinstance(error, kind):
            return words
    return (error.strerror or type(error).__name__).lower()


def _resolves(url: str) -> bool:
    try:
        socket.getaddrinfo(urlsplit(url).hostname, None)
    except (OSError, UnicodeError):  # UnicodeError: a label of more than 63 letters
        return False
    return True
