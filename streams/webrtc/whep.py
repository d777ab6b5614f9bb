"""WHEP sessions: a viewer offers to receive a camera, and gets the packets of a shared encoder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from pipeline import Feed

from ..encoding import CodecName, EncoderPool, Subscription, default_bitrate, h264_level
from ..rtp import Transmitter
from ..viewing import Admission, Admissions, GraphView, NoConnection, TotalTraffic, Traffic
from .connection import Connection
from .sdp import Offer
from .sender import VideoSender
from .session import Session, SessionAnswer
from .sessions import Deadlines, Sessions
from .video import ViewerVideo

logger = logging.getLogger(__name__)

_LEVEL_UNKNOWN = 42
"""H.264 level of the answer while the size of the picture is unknown: 1080p at 60 frames per second."""


class Viewer(Session):
    """The server side of one WHEP session.

    Args:
        connection: The peer connection to the viewer.
        offer: The viewer's offer.
        sender: The sender of the video.
        video: Its video.
        subscription: The video's subscription to a shared encoder; closed with the session.
        admission: The viewer's place.
    """

    role: ClassVar[str] = "viewer"
    kind: ClassVar[str] = "webrtc"

    def __init__(
        self,
        connection: Connection,
        offer: Offer,
        sender: VideoSender,
        video: ViewerVideo,
        subscription: Subscription,
        admission: Admission,
    ) -> None:
        super().__init__(subscription.feed.name, connection, offer, admission)
        self._sender = sender
        self._video = video
        self._subscription = subscription

    @property
    def live(self) -> bool:
        """Whether its video has not ended: its camera still exists and may be watched."""
        return self._video.live

    @property
    def traffic(self) -> Traffic:
        """What was sent so far."""
        return self._sender.traffic

    def start(self) -> None:
        """Let the sender send the video."""
        subscription, name = self._subscription, f"camera {self.camera}: viewer {self.id}"

        def move(low: bool) -> None:
            if subscription.feed.config.stream.ladder == "auto":
                logger.info("%s: its network suits %s", name, "a smaller picture" if low else "the whole picture again")
            subscription.choose_rung(low=low)

        self._sender.send(self._video, _level(subscription.feed), subscription.request_key_frame, move)

    def release(self) -> None:
        """Leave the encoder and end the video."""
        self._subscription.close()
        if self._video.live:
            logger.debug("camera %s: viewer %s: %s", self.camera, self.id, self._sender.summary())
        self._video.stop()

    def info(self) -> dict[str, Any]:
        """Return the session as ``/api/cameras`` shows it."""
        encoder = self._subscription.encoder
        return {
            "id": self.id,
            "kind": self.kind,
            "codec": encoder.key.codec,
            "rung": encoder.rung,
            "annotations": encoder.key.annotated,
            **self._sender.info(),
        }


class WhepSessions(Sessions[Viewer]):
    """The WHEP sessions of all cameras. Create, use and close it in the event loop.

    Args:
        graph: The cameras to watch and their configuration.
        encoders: The source of the packets. The caller closes it, after this object.
        deadlines: Time limits for viewers.
        admissions: Counts the viewers, with all others who watch; by default these alone.

    Raises:
        UnsuitableLibrary: The installed aiortc cannot be used.
    """

    def __init__(
        self,
        graph: GraphView,
        encoders: EncoderPool,
        *,
        deadlines: Deadlines | None = None,
        admissions: Admissions | None = None,
    ) -> None:
        super().__init__(graph, deadlines=deadlines, admissions=admissions)
        self._encoders = encoders
        self._transmitter = Transmitter()
        self._traffic = TotalTraffic()

    def traffic(self, camera: str) -> Mapping[str, Traffic]:
        """Return what was sent to all viewers of a camera, also to those who have left, by kind."""
        present = (session for session in self._sessions.values() if session.camera == camera)
        return self._traffic.of(camera, ((session.kind, session.traffic) for session in present))

    async def offer(self, camera: str, sdp: str, *, annotations: bool = True, client: str = "") -> SessionAnswer:
        """Start a session: answer a viewer's offer to receive a camera.

        Args:
            camera: The name of the camera.
            sdp: The offer.
            annotations: Whether annotations are painted.
            client: The key by which viewers are counted, such as their address.

        Raises:
            SignallingError: UnknownCamera, InvalidSdp, SdpTooLong, NothingInCommon, NoConnection, or
                TooManyPeersOfAddress.
        """
        feed = self._feed(camera)
        with self._admitted(camera, client) as admission:
            return await self._answered(feed, self._read_offer(sdp, "sendonly"), annotations, admission)

    async def _answered(self, feed: Feed, offer: Offer, annotations: bool, admission: Admission) -> SessionAnswer:
        connection = self._connect()
        sender, video = VideoSender(connection, self._transmitter), ViewerVideo()
        try:
            codec = await sender.negotiate(offer, feed.config.stream.codecs)
            subscription = self._subscribed(feed, codec, video, annotations)
        except BaseException:
            await connection.close()
            raise
        viewer = Viewer(connection, offer, sender, video, subscription, admission)
        video.wants_predictions = subscription.want_events
        connection.on_data_channel(video.take_channel)
        video.on_end = lambda: self._drop(viewer, "its camera may be watched no more")
        answer = await self._begin(viewer)
        logger.info("camera %s: viewer %s joined (%s)", feed.name, viewer.id, codec)
        return answer

    async def _end(self, session: Viewer) -> None:
        self._traffic.leave(session.camera, session.kind, session.traffic, self._graph.feeds)
        await super()._end(session)

    def _subscribed(self, feed: Feed, codec: CodecName, video: ViewerVideo, annotations: bool) -> Subscription:
        try:
            return self._encoders.subscribe(feed, codec, video, annotations=annotations)
        except RuntimeError as error:
            self._feed(feed.name)  # it may just have been removed
            raise NoConnection("the server is shutting down") from error


def _level(feed: Feed) -> int:
    """Return the H.264 level that a camera's picture needs, as far as the picture is known now."""
    frame, stream = feed.newest, feed.config.stream
    if frame is None:
        return _LEVEL_UNKNOWN
    frame_rate = stream.frame_rate or feed.frame_rate or 30.0
    bitrate = stream.bitrate or default_bitrate(frame.width, frame.height, frame_rate)
    return max(h264_level(frame.width, frame.height, frame_rate, bitrate), 31)
