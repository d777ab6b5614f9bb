"""The camera that receives a network stream, in any protocol that FFmpeg reads."""

from __future__ import annotations

import errno
import math
import socket
import time
from collections.abc import Mapping
from fractions import Fraction
from typing import ClassVar, Literal
from urllib.parse import urlsplit

import av
from av.error import FFmpegError
from pydantic import Field, field_validator

from .attributes import Attributes
from .base import CameraEnded, CameraError, CameraUnreachable
from .container import Container, ContainerClosed, NoPictures, NoVideo, Opening
from .ffmpeg import FFmpegCamera
from .formats import FILE_FORMATS, HTTP_FORMATS, STREAM_FORMATS
from .network import HIDDEN, HttpGuard, redact_url, url_problem
from .picture import Frame, Mark, pixels_from_av
from .stream_failures import ELSEWHERE, lasts, may_lead_elsewhere, opening_failure, reason
from .timing import Pacer, Rebase, ticks

# The protocols and formats that an input may use in turn: the network, never a file or device of this machine.
_OPTIONS = {
    "protocol_whitelist": "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,data,rtmp,rtmps,rtmpt,rtmpts,srt",
    "format_whitelist": STREAM_FORMATS,
}
_HTTP_PROTOCOLS = "http,https,tcp,tls,httpproxy,hls,crypto,data"
# Without redirects and playlists, so all requests go to the host of the URL.
_DIRECT = {"protocol_whitelist": _HTTP_PROTOCOLS, "format_whitelist": FILE_FORMATS, "max_redirects": "0"}
# With both, through a guard. It checks only the first request of each connection, so each request has its own.
_GUARDED = {"protocol_whitelist": _HTTP_PROTOCOLS, "format_whitelist": HTTP_FORMATS, "http_persistent": "0"}
# Formats without timestamps: the arrival time is used.
_WITHOUT_TIMES = frozenset({"mpjpeg", "mjpeg", "image2pipe", "jpeg_pipe", "png_pipe", "h264", "hevc", "m4v"})
# Formats that arrive in segments, or as fast as the network allows: they are played by their timestamps.
_SEGMENTED = frozenset({"hls", "dash", "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "gif"})
_ARRIVAL_TIME_BASE = Fraction(1, 90_000)  # the RTP video clock

_BACKLOG_S = 2.0  # time after the first frame in which a backlog is skipped
_AT_ONCE = 0.25  # a packet that arrives within this share of a frame interval was waiting

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935, "rtmps": 443}
_CONNECT_S = 1.0

_ENDED = "the host ended the stream"


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
    * Over HTTP, redirects and playlists lead to the host itself and to public addresses only.
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

    def __init__(self, name: str, attributes: StreamAttributes, *, paced: bool = True) -> None:
        super().__init__(name, attributes, paced=paced)
        self._address = redact_url(attributes.url)
        self._guard: HttpGuard | None = None
        self.skipped = 0

    @property
    def frame_rate(self) -> float | None:
        """Declared frames per second; ``None`` if the format has no timestamps."""
        container = self._container
        return None if container is None or container.format in _WITHOUT_TIMES else super().frame_rate

    def require_reachable(self) -> None:
        """Check whether the host accepts connections, by one that sends nothing."""
        try:
            parts = urlsplit(self.attributes.url)
            port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            return
        if parts.scheme not in _PORTS or parts.hostname is None or self._address.endswith(HIDDEN):
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
        is_http = self.attributes.url.lower().startswith(("http:", "https:"))
        began_s = time.monotonic()
        error = self._connect(_DIRECT if is_http else _OPTIONS)
        if error is not None and is_http and may_lead_elsewhere(error):
            if self._container is None:
                raise CameraError("closed")
            began_s = time.monotonic()
            guard = self._guard = self._new_guard()
            error = self._connect({**_GUARDED, "http_proxy": guard.url})
        if error is not None:
            raise self._opening_failure(error, began_s) from None

    def _connect(self, options: Mapping[str, str]) -> FFmpegError | None:
        """Open a container; return FFmpeg's error if it has one.

        Raises:
            CameraError: The camera was closed meanwhile, or the host sends no video.
        """
        container = Container(self._opening(options))
        self._container = container
        self._rebase = Rebase()
        self._pacer = Pacer(container.closing)
        self._undated = self.skipped = 0
        self._first_at_s = math.inf
        self._catching_up = True
        try:
            container.open()
        except ContainerClosed:
            raise CameraError("closed") from None
        except CameraError:
            self.close()
            raise
        except NoVideo:
            self.close()
            raise CameraError(f"{self._address}: the host answers, but sends no video") from None
        except FFmpegError as error:
            return error
        return None

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

    def close(self) -> None:
        """Disconnect; a waiting ``open`` or ``read`` raises at once."""
        super().close()
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.close()

    def _new_guard(self) -> HttpGuard:
        try:
            return HttpGuard(self.attributes.url)
        except OSError as error:
            raise CameraError(f"{self._address}: no port is free on this machine ({error.strerror})") from None

    def _opening(self, options: Mapping[str, str]) -> Opening:
        attributes = self.attributes
        options = {
            "rtsp_transport": attributes.transport,
            "flags": "low_delay",
            # Enough to learn the size even if the parameter sets come late, without a wait to measure the rate.
            # (fflags=nobuffer would discard the data read meanwhile, including the first key frame.)
            "probesize": "500000",
            "analyzeduration": "1000000",
            "fpsprobesize": "0",
            "max_delay": "100000",  # reordering delay of UDP packets, in microseconds
            **options,
        }
        return Opening(
            attributes.url,
            options=options,
            open_timeout_s=attributes.open_timeout_s,
            read_timeout_s=attributes.read_timeout_s,
            pictures=True,
            max_pixels=self.limits.pixels,
        )

    def _next(self, container: Container) -> av.VideoFrame:
        silent_s = self.attributes.read_timeout_s
        began_s = time.monotonic()
        try:
            frame = container.next_frame()
        except ContainerClosed:
            raise CameraError("closed") from None
        except NoPictures as error:
            raise CameraError(f"{self._address}: {error}") from None
        except FFmpegError as error:
            if _is_over(began_s, silent_s):
                raise CameraError(f"{self._address}: no data for {silent_s:g} s") from None
            ended = error.errno == errno.EIO  # most demuxers report a closed connection so
            raise self._broken(_ENDED if ended else reason(error)) from None
        if frame is not None:
            if container.waited_s > silent_s - 0.05:  # flushed by the parser after the deadline
                raise CameraError(f"{self._address}: no data for {silent_s:g} s")
            return frame
        if _is_over(max(began_s, container.received_at_s), silent_s):
            raise CameraError(f"{self._address}: no data for {silent_s:g} s")
        if container.duration_s is not None:
            raise CameraEnded(f"{self._address} has ended")
        raise self._broken(_ENDED)

    def _broken(self, words: str) -> CameraError:
        """Return the error of a stream that has broken off."""
        guard = self._guard
        return CameraError(f"{self._address}: {ELSEWHERE if guard is not None and guard.refused else words}")

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

    def _opening_failure(self, error: FFmpegError, began_s: float) -> CameraError:
        """Close the camera, and return the error of an attempt to open it."""
        guard, attributes = self._guard, self.attributes
        self.close()
        if guard is not None and guard.refused:
            return CameraError(f"{self._address}: {ELSEWHERE}", lasting=True)
        if _is_over(began_s, attributes.open_timeout_s):
            limit = f"{attributes.open_timeout_s:g} s"
            words = f"no stream within {limit}; the host does not answer, or sends nothing"
            return CameraUnreachable(f"{self._address}: {words}")
        cause = error if guard is None or guard.failure is None else guard.failure
        kind, words = opening_failure(cause, attributes.url)
        return kind(f"{self._address}: {words}", lasting=lasts(cause))


def _is_over(began_s: float, timeout_s: float) -> bool:
    # FFmpeg checks the deadline ten times a second and often returns another error than a timeout.
    return time.monotonic() - began_s > timeout_s - 0.05
