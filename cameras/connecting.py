"""How a stream is opened: what is asked of the host, and which of its protocols FFmpeg may use."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import av
from av.error import FFmpegError

from .base import CameraAccessDenied, CameraError, CameraUnreachable
from .container import Container, ContainerClosed, NoVideo, Opening
from .formats import FILE_FORMATS, HTTP_FORMATS, STREAM_FORMATS
from .interrupt import Redirected
from .multipart import Multipart
from .network import (
    REDIRECTS_MAX,
    HttpClient,
    HttpClosed,
    HttpFailure,
    HttpGuard,
    HttpResponse,
    RtspClosed,
    RtspFailure,
    led_url,
    offered_digests,
)
from .stream_failures import DENIED, ELSEWHERE, UNSUPPORTED_DIGEST, lasts, may_lead_elsewhere, opening_failure

# The protocols and formats that an input may use in turn: the network, never a file or device of this machine, nor
# HTTP, which follows redirects.
_OPTIONS = {
    "protocol_whitelist": "rtp,srtp,udp,tcp,tls,httpproxy,rtmp,rtmps,srt",
    "format_whitelist": STREAM_FORMATS,
}
# RTSP uses nothing but TCP, TLS, UDP and RTP. With a list of allowed protocols, FFmpeg would not say where a redirect
# leads if it has no scheme, or another one.
_RTSP = {"format_whitelist": STREAM_FORMATS}
_HTTP_PROTOCOLS = "http,https,tcp,tls,httpproxy,hls,crypto,data"
# Without redirects and playlists, so all requests go to the host of the URL.
_DIRECT = {"protocol_whitelist": _HTTP_PROTOCOLS, "format_whitelist": FILE_FORMATS, "max_redirects": "0"}
# With both, through a guard. It checks only the first request of each connection, so each request has its own.
_GUARDED = {"protocol_whitelist": _HTTP_PROTOCOLS, "format_whitelist": HTTP_FORMATS, "http_persistent": "0"}

# Enough to learn the size even if the parameter sets come late, without a wait to measure the rate.
# (fflags=nobuffer would discard the data read meanwhile, including the first key frame.)
_PROBING = {"probesize": "500000", "analyzeduration": "1000000", "fpsprobesize": "0"}
_MAX_DELAY = "100000"  # reordering delay of UDP packets, in microseconds
# Neither opening nor reading then waits for a next picture, which comes late from a slow camera.
_IN_PIECES = {"fflags": "+noparse+nofillin", "max_ts_probe": "0"}

_MOTION_JPEG = frozenset({"video/mjpeg", "video/x-mjpeg", "video/x-motion-jpeg", "video/jpeg", "video/x-jpeg"})
_PICTURES = frozenset({"image/jpeg", "image/jpg", "image/png", "image/webp", "image/bmp"})

SINGLE_PICTURE = "the host sends a single picture; use model: snapshot, which asks for it again and again"


@dataclass(frozen=True, slots=True)
class Host:
    """The host of a stream.

    Attributes:
        url: The URL, with its scheme in lower case; it may contain a password.
        address: The URL as it may be shown.
        transport: Transport of RTSP media.
    """

    url: str = field(repr=False)
    address: str
    transport: Literal["tcp", "udp"]


class Connection:
    """One attempt to open a stream.

    Args:
        host: The host.
        opening: What to take from the stream, and the limits; URL and options are added here.
    """

    def __init__(self, host: Host, opening: Opening) -> None:
        self._host = host
        self._opening = opening
        self._closed = threading.Event()
        self._container: Container | None = None
        self._client: HttpClient | None = None
        self._guard: HttpGuard | None = None

    @property
    def led_elsewhere(self) -> bool:
        """Whether the host led to an address that was refused."""
        return self._guard is not None and self._guard.refused

    def open(self) -> Container | Multipart:
        """Connect and find the video.

        Raises:
            CameraError: This fails, or ``close`` was called; nothing stays open then.
        """
        deadline_s = time.monotonic() + (self._opening.open_timeout_s or 0.0)
        try:
            if self._host.url.startswith(("http:", "https:")):
                return self._opened_parts() or self._opened_http(deadline_s)
            if self._host.url.startswith(("rtsp:", "rtsps:")):
                return self._opened_rtsp(deadline_s)
            return self._opened(self._host.url, _OPTIONS, deadline_s)
        except FFmpegError as error:
            failure = self._failure(error, deadline_s)
            self.close()
            raise failure from None
        except CameraError:
            self.close()
            raise

    def close(self) -> None:
        """End everything. Safe to call twice, from any thread; a running ``open`` raises at once."""
        self._closed.set()
        for thing in (self._container, self._client, self._guard):
            if thing is not None:
                thing.close()

    def error(self, words: str, *, lasting: bool = False) -> CameraError:
        """Return an error with the address of the stream."""
        return CameraError(f"{self._host.address}: {words}", lasting=lasting)

    def _opened_parts(self) -> Multipart | None:
        """Return the video if the host sends one picture after another, which FFmpeg reads only if nothing is wrong."""
        parts = urlsplit(self._host.url)
        if parts.scheme in getproxies() and not proxy_bypass(parts.hostname or ""):
            return None  # only FFmpeg uses them
        client = self._client = HttpClient(self._host.url)
        if self._closed.is_set():
            raise CameraError("closed")
        response: HttpResponse | None = None
        try:
            response = client.get(self._opening.open_timeout_s or 0.0)
        except HttpClosed:
            raise CameraError("closed") from None
        except TimeoutError:
            raise self._silent() from None
        except (OSError, HttpFailure, ValueError):  # FFmpeg finds the same, or knows better
            pass
        if response is not None and response.status in (401, 403):
            raise CameraAccessDenied(f"{self._host.address}: {DENIED[response.status]}", lasting=True) from None
        if response is not None and response.status == 200:
            if response.content_type.startswith("multipart/") or response.content_type in _MOTION_JPEG:
                return Multipart(client, response, self._opening)
            if response.content_type in _PICTURES:
                raise CameraError(f"{self._host.address}: {SINGLE_PICTURE}", lasting=True) from None
        client.end()
        return None

    def _opened_http(self, deadline_s: float) -> Container:
        try:
            return self._opened(self._host.url, _DIRECT, deadline_s)
        except FFmpegError as error:
            if not may_lead_elsewhere(error) or time.monotonic() >= deadline_s:
                raise
        if self._closed.is_set():
            raise CameraError("closed")
        try:
            guard = self._guard = HttpGuard(self._host.url)
        except OSError as error:
            raise self.error(f"no port is free on this machine ({error.strerror})") from None
        return self._opened(self._host.url, {**_GUARDED, "http_proxy": guard.url}, deadline_s)

    def _opened_rtsp(self, deadline_s: float) -> Container:
        url = self._host.url
        for _ in range(REDIRECTS_MAX):
            try:
                return self._opened(url, _RTSP, deadline_s)
            except Redirected as redirected:
                url = self._led(url, redirected.location)
            except av.error.HTTPUnauthorizedError:
                digests = self._digests(url, deadline_s)
                if digests and not digests[-1].startswith("MD5"):  # FFmpeg takes the last
                    words = UNSUPPORTED_DIGEST.format(" or ".join(digests))
                    raise CameraAccessDenied(f"{self._host.address}: {words}", lasting=True) from None
                raise
        raise self.error("the host redirects again and again", lasting=True)

    def _led(self, asked: str, location: str) -> str:
        """Return the URL to open after a redirect."""
        try:
            led = led_url(self._host.url, asked, location)
        except RtspFailure as failure:
            raise self.error(str(failure), lasting=True) from None
        if led is None:
            raise self.error(ELSEWHERE, lasting=True)
        return led

    def _digests(self, url: str, deadline_s: float) -> tuple[str, ...]:
        """Return the digests that a host offers. Only after a failure: some hosts start their camera for a question."""
        if not url.startswith("rtsp:"):
            return ()
        try:
            return offered_digests(url, max(deadline_s - time.monotonic(), 0.1), self._closed.is_set)
        except RtspClosed:
            raise CameraError("closed") from None
        except (OSError, ValueError):
            return ()

    def _opened(self, url: str, options: Mapping[str, str], deadline_s: float) -> Container:
        is_rtsp = url.startswith(("rtsp:", "rtsps:"))
        opening = replace(
            self._opening,
            url=url,
            options={
                "rtsp_transport": self._host.transport,
                "flags": "low_delay",
                **_PROBING,
                "max_delay": _MAX_DELAY,
                **(_IN_PIECES if is_rtsp else {}),
                **options,
            },
            open_timeout_s=max(deadline_s - time.monotonic(), 0.1),
            stop_at_redirect=is_rtsp,
            in_pieces=is_rtsp,
        )
        container = self._container = Container(opening)
        if self._closed.is_set():
            raise CameraError("closed")
        try:
            container.open()
        except ContainerClosed:
            raise CameraError("closed") from None
        except NoVideo:
            raise self.error("the host answers, but sends no video") from None
        return container

    def _failure(self, error: FFmpegError, deadline_s: float) -> CameraError:
        """Return the error of an attempt to open it."""
        if self.led_elsewhere:
            return self.error(ELSEWHERE, lasting=True)
        # FFmpeg checks the deadline ten times a second and often returns another error than a timeout.
        if time.monotonic() > deadline_s - 0.05:
            return self._silent()
        failure = None if self._guard is None else self._guard.failure
        cause = failure or error
        kind, words = opening_failure(cause, self._host.url)
        return kind(f"{self._host.address}: {words}", lasting=lasts(cause))

    def _silent(self) -> CameraError:
        limit = f"{self._opening.open_timeout_s:g} s"
        words = f"no stream within {limit}; the host does not answer, or sends nothing"
        return CameraUnreachable(f"{self._host.address}: {words}")
