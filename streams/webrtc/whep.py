"""WHEP sessions, from the offer to the last packet. HTTP is the server's part."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline import Config, Feed

from ..encoding import CodecName, EncoderPool, Subscription, default_bitrate, h264_level
from .connection import Connection
from .errors import EtagMismatch, IceRestart, InvalidSdp, NoConnection, SdpTooLong, UnknownCamera, UnknownSession
from .ice import ice_settings
from .internals import self_test
from .sdp import CREDENTIALS, SDP_BYTES_MAX, read_offer
from .sender import VideoSender
from .track import PacketTrack

logger = logging.getLogger(__name__)

_LEVEL_UNKNOWN = 42
"""H.264 level of the answer while the size of the picture is unknown: 1080p at 60 frames per second."""


@dataclass(frozen=True)
class Deadlines:
    """Time limits for viewers, in seconds.

    Attributes:
        connect_s: From the answer until the connection is up.
        silence_s: Without activity of a connected viewer; browsers send something every second or two.
        check_s: Interval between two checks of all viewers.
    """

    connect_s: float = 10.0
    silence_s: float = 8.5
    check_s: float = 1.0


@dataclass(frozen=True)
class WhepAnswer:
    """The reply to an accepted offer, with the names of the new session.

    Attributes:
        id: Public name of the session, as lists show it; it grants no access.
        secret: Secret name of the session, 128 bits; any client that knows it can end the session.
        etag: ETag of the ICE session, quoted as in the header.
        sdp: Our answer, with all our candidates.
    """

    id: str
    secret: str
    etag: str
    sdp: str


@dataclass(eq=False)
class Viewer:
    """The server side of one WHEP session.

    Attributes:
        connection: The peer connection to the viewer.
        sender: The sender of the video.
        track: The queue of packets for the sender.
        subscription: The track's subscription to a shared encoder.
        began_at: Start of the session, on the monotonic clock.
        credentials: The lines of the offer with ICE credentials; other ones would be an ICE restart.
        closed: Set when the session has ended and all its resources are released.
    """

    connection: Connection
    sender: VideoSender
    track: PacketTrack
    subscription: Subscription
    began_at: float
    credentials: frozenset[str]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def camera(self) -> str:
        """The name of the camera that the viewer watches."""
        return self.subscription.feed.name

    def info(self) -> dict[str, Any]:
        """Return the session as ``/api/cameras`` shows it."""
        encoder = self.subscription.encoder
        return {
            "id": self.id,
            "codec": encoder.key.codec,
            "rung": encoder.rung,
            "annotations": encoder.key.annotated,
            "bitrate": self.track.sent.bits_per_second,
            "loss": self.sender.loss,
            "rtt_ms": self.sender.rtt_ms,
        }


class Watchable(Protocol):
    """The cameras and the configuration of a graph, read for each viewer because both may change."""

    @property
    def feeds(self) -> Mapping[str, Feed]:
        """Every camera by name."""

    @property
    def config(self) -> Config:
        """The current configuration, with its ICE settings."""


class WhepSessions:
    """The WHEP sessions of all cameras. Create, use and close it in the event loop."""

    def __init__(
        self,
        graph: Watchable,
        encoders: EncoderPool,
        *,
        deadlines: Deadlines | None = None,
    ) -> None:
        """Check the installed aiortc and keep the arguments.

        Args:
            graph: The cameras to watch and their configuration.
            encoders: The source of the packets. The caller closes it, after this object.
            deadlines: Time limits for viewers.

        Raises:
            UnsuitableLibrary: The installed aiortc cannot be used.
        """
        self_test()
        self._graph = graph
        self._encoders = encoders
        self._deadlines = deadlines or Deadlines()
        self._viewers: dict[str, Viewer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._watchdog: asyncio.Task[None] | None = None
        self._closing = False

    async def offer(self, camera: str, sdp: str, *, annotations: bool = True) -> WhepAnswer:
        """Start a session: answer a viewer's offer to receive a camera, with or without painted annotations.

        Raises:
            SignallingError: UnknownCamera, InvalidSdp, SdpTooLong, NothingInCommon, or NoConnection.
        """
        feed = self._feed(camera)
        offer = read_offer(sdp, "sendonly")
        if self._closing:
            raise NoConnection("the server is shutting down")
        holder: list[Viewer] = []
        connection = Connection(ice_settings(self._graph.config.server), lambda state: self._on_state(holder, state))
        sender, track = VideoSender(connection), PacketTrack()
        track.add_listener("ended", lambda: self._on_end(holder))
        try:
            codec = await sender.negotiate(offer, feed.config.stream.codecs)
            subscription = self._subscribed(feed, codec, track, annotations)
        except BaseException:
            await connection.close()
            raise
        viewer = Viewer(connection, sender, track, subscription, time.monotonic(), offer.credentials)
        try:
            sender.send(track, _level(feed), subscription.request_key_frame)
            answer = await connection.answer()
            self._feed(camera)  # it may have become private, or have been removed, while the answer was made
            if self._closing or track.readyState != "live":
                raise NoConnection("the server is shutting down")
        except BaseException:
            await self._close_viewer(viewer)
            raise
        holder.append(viewer)
        self._viewers[viewer.secret] = viewer
        if self._watchdog is None:
            self._watchdog = asyncio.create_task(self._watch(), name="viewers watchdog")
        logger.info("camera %s: viewer %s joined (%s)", camera, viewer.id, codec)
        return WhepAnswer(viewer.id, viewer.secret, viewer.etag, answer)

    async def patch(self, secret: str, body: str, if_match: str | None, *, camera: str | None = None) -> None:
        """Add the candidates of a trickle ICE fragment to a session; with ``camera``, only to one of that camera.

        Raises:
            SignallingError: UnknownSession, EtagMismatch, SdpTooLong, IceRestart, or InvalidSdp.
        """
        viewer = self._viewer(secret, camera)
        if if_match is not None and not {"*", viewer.etag} & {tag.strip() for tag in if_match.split(",")}:
            raise EtagMismatch("the session has another ETag")
        if len(body) > SDP_BYTES_MAX:
            raise SdpTooLong(f"the fragment is longer than {SDP_BYTES_MAX} bytes")
        lines = [line.strip() for line in body.splitlines() if line.strip()]
        if any(line[1:2] != "=" for line in lines):
            raise InvalidSdp("the body is not an SDP fragment")
        if any(line.startswith(CREDENTIALS) and line not in viewer.credentials for line in lines):
            raise IceRestart("ICE restarts are not supported; end the session and send a new offer")
        for line in lines:
            if line.startswith("a=candidate:"):
                await viewer.connection.add_candidate(line[len("a=candidate:") :])

    async def delete(self, secret: str, *, camera: str | None = None) -> None:
        """End a session; with ``camera``, only one of that camera.

        Raises:
            UnknownSession: No such session exists.
        """
        viewer = self._viewer(secret, camera)
        del self._viewers[secret]
        await self._close_viewer(viewer)

    async def wait_closed(self, secret: str) -> None:
        """Wait until a session has ended and its resources are released; return at once for an unknown session."""
        viewer = self._viewers.get(secret)
        if viewer is not None:
            await viewer.closed.wait()

    def sessions(self, camera: str) -> list[dict[str, Any]]:
        """Return the sessions of a camera as ``/api/cameras`` shows them, including those still connecting."""
        return [viewer.info() for viewer in self._viewers.values() if viewer.camera == camera]

    async def close(self) -> None:
        """End all sessions, within limits. Safe to call twice."""
        self._closing = True
        if self._watchdog is not None:
            self._watchdog.cancel()
            await asyncio.gather(self._watchdog, return_exceptions=True)
            self._watchdog = None
        viewers = list(self._viewers.values())
        self._viewers.clear()
        await asyncio.gather(*(self._close_viewer(viewer) for viewer in viewers), return_exceptions=True)
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _viewer(self, secret: str, camera: str | None) -> Viewer:
        viewer = self._viewers.get(secret)
        if viewer is None or camera not in (None, viewer.camera):
            raise UnknownSession("there is no such session")
        return viewer

    def _feed(self, name: str) -> Feed:
        feed = self._graph.feeds.get(name)
        if feed is None or feed.config.private:
            raise UnknownCamera(f"there is no camera {name!r}")
        return feed

    def _subscribed(self, feed: Feed, codec: CodecName, track: PacketTrack, annotations: bool) -> Subscription:
        try:
            return self._encoders.subscribe(feed, codec, track, annotations=annotations)
        except RuntimeError as error:
            self._feed(feed.name)  # it may just have been removed
            raise NoConnection("the server is shutting down") from error

    def _on_state(self, holder: list[Viewer], state: str) -> None:
        if state in ("failed", "closed") and holder:
            self._drop(holder[0], "the connection failed" if state == "failed" else "the connection was closed")

    def _on_end(self, holder: list[Viewer]) -> None:
        if holder:
            self._drop(holder[0], "its camera may be watched no more")

    def _drop(self, viewer: Viewer, reason: str) -> None:
        """End a session whose viewer did not end it."""
        if self._viewers.pop(viewer.secret, None) is not None:
            logger.info("camera %s: viewer %s is dropped: %s", viewer.camera, viewer.id, reason)
            self._start(self._close_viewer(viewer))

    async def _close_viewer(self, viewer: Viewer) -> None:
        viewer.subscription.close()
        viewer.track.stop()
        await viewer.connection.close()
        viewer.closed.set()
        logger.info("camera %s: viewer %s left", viewer.camera, viewer.id)

    async def _watch(self) -> None:
        """Drop viewers that never connect or have vanished: aiortc notices neither in time."""
        while True:
            await asyncio.sleep(self._deadlines.check_s)
            now = time.monotonic()
            for viewer in list(self._viewers.values()):
                if viewer.connection.state != "connected":
                    if now - viewer.began_at > self._deadlines.connect_s:
                        self._drop(viewer, "it did not connect in time")
                elif now - viewer.connection.active_at > self._deadlines.silence_s:
                    self._drop(viewer, "it stopped responding")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _level(feed: Feed) -> int:
    """Return the H.264 level that a camera's picture needs, as far as the picture is known now."""
    frame, stream = feed.latest, feed.config.stream
    if frame is None:
        return _LEVEL_UNKNOWN
    frame_rate = stream.frame_rate or feed.frame_rate or 30.0
    bitrate = stream.bitrate or default_bitrate(frame.width, frame.height, frame_rate)
    return max(h264_level(frame.width, frame.height, frame_rate, bitrate), 31)
