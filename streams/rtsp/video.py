"""The video of one reader: a packet sink that keeps the newest pictures until the reader plays."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from pipeline import Feed

from ..encoding import EncodedFrame, EncoderPool, PacketSink, Subscription
from ..rtp import RtpStream
from ..viewing import NoConnection
from .delivery import Delivery

WAITING_MAX = 15
"""Most pictures that wait for the reader to play; half a second at 30 frames per second."""


class RtspVideo(PacketSink):
    """The pictures of a camera for one reader, from its first question to its end. All methods run in the event loop.

    A reader asks for the description of a stream first, which has the parameter sets of a key frame. The newest group
    of pictures waits from there on, so that the reader sees it as soon as it plays.

    A reader over TCP that is behind gets nothing until it has read all that waits; then one key frame is requested, and
    it goes on with that. While it stands still, it costs the others nothing.

    Args:
        feed: The feed of the camera.
        encoders: The source of the packets.
        annotations: Whether annotations are painted.
        on_end: Called when the stream has ended by itself: its camera may be watched no more.

    Attributes:
        camera: The name of the camera.
        annotations: Whether annotations are wanted.
        key_frame: The first key frame; ``None`` before it.
        skipped: Number of pictures that were left out because the reader was behind.
    """

    def __init__(
        self, feed: Feed, encoders: EncoderPool, *, annotations: bool, on_end: Callable[[], object] | None = None
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.camera = feed.name
        self.annotations = annotations
        self.on_end = on_end or _nothing
        self.skipped = 0
        self._feed = feed
        self._encoders = encoders
        self._subscription: Subscription | None = None
        self.key_frame: EncodedFrame | None = None
        self._begun = asyncio.Event()
        self._stream: RtpStream | None = None
        self._delivery: Delivery | None = None
        self._waiting: deque[EncodedFrame] = deque()
        self._awaits_key = False
        self._drains = False

    @property
    def feed(self) -> Feed:
        """The feed that the pictures come from."""
        return self._feed

    @property
    def subscription(self) -> Subscription | None:
        """Its place at an encoder; ``None`` while the reader pauses."""
        return self._subscription

    def watch(self) -> None:
        """Begin to take pictures, unless it does already.

        Raises:
            NoConnection: The server is shutting down.
        """
        if self._subscription is None:
            stream = self._feed.config.stream
            codec = "h264" if "h264" in stream.codecs else stream.codecs[0]
            try:
                self._subscription = self._encoders.subscribe(self._feed, codec, self, annotations=self.annotations)
            except RuntimeError as error:
                raise NoConnection("the server is shutting down") from error

    async def ready(self) -> bool:
        """Wait until the first key frame is here; return false if the stream has ended instead."""
        await self._begun.wait()
        return self.key_frame is not None

    def play(self, stream: RtpStream, delivery: Delivery) -> None:
        """Send the pictures that wait, and all further ones.

        Raises:
            NoConnection: The server is shutting down.
        """
        self._stream, self._delivery = stream, delivery
        waiting, self._waiting = self._waiting, deque()
        self.watch()
        for frame in waiting:
            if not self.push(frame):
                self._awaits_key = True
                break
        if self._awaits_key:
            self._request_key_frame()

    def pause(self) -> None:
        """Stop to take and to send pictures. Safe to call twice."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()
        if self._stream is not None:
            self._stream.close()
        self._stream = self._delivery = None
        self._waiting.clear()
        self._awaits_key = self._drains = False

    def close(self) -> None:
        """End the video, without a call of ``on_end``. Safe to call twice."""
        self.on_end = _nothing
        self.pause()
        self._begun.set()

    def push(self, frame: EncodedFrame) -> bool:
        """Send a picture, or keep it; return whether a key frame is not needed."""
        if frame.is_key_frame and self.key_frame is None:
            self.key_frame = frame
            self._begun.set()
        stream, delivery = self._stream, self._delivery
        if stream is None or delivery is None:
            self._wait(frame)
            return True
        if self._drains or (self._awaits_key and not frame.is_key_frame):
            self.skipped += 1
            return True
        if delivery.is_behind(stream.bits_per_second):
            self._drains = True
            self.skipped += 1
            return True
        self._awaits_key = False
        return stream.push(frame)

    def drained(self) -> None:
        """Go on, with a key frame: the reader has read all that waited."""
        if self._drains:
            self._drains, self._awaits_key = False, True
            self._request_key_frame()

    def request_key_frame(self) -> None:
        """Request a key frame: the reader has lost packets."""
        if self._stream is not None and not self._drains:
            self._request_key_frame()

    def end(self) -> None:
        """End the video: the camera was removed or has become private."""
        on_end = self.on_end
        self.close()
        on_end()

    def _request_key_frame(self) -> None:
        if self._subscription is not None:
            self._subscription.request_key_frame()

    def _wait(self, frame: EncodedFrame) -> None:
        if frame.is_key_frame:
            self._waiting.clear()
            self._awaits_key = False
        if self._awaits_key:
            return
        self._waiting.append(frame)
        if len(self._waiting) > WAITING_MAX:
            # Nobody asks for a key frame before somebody can see it.
            self._waiting.clear()
            self._awaits_key = True


def _nothing() -> None:
    """Do nothing."""
