"""One stream of encoded frames for many sinks: its subscriptions, and the delivery to them."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pipeline import ByteRate, Feed, FrameTask, Reports, Run, TaskRun, Watch

from ..predictions import EventOptions
from .codecs import StreamCodec
from .encoded import EncodedFrame
from .jpeg import JpegOptions
from .sink import PacketSink

logger = logging.getLogger(__name__)


StreamOptions = JpegOptions | EventOptions
"""What a sink may choose of a stream, beside its codec."""


@dataclass(frozen=True)
class EncoderKey:
    """The properties of a shared stream; sinks with equal keys share one.

    Attributes:
        camera: Name of the camera.
        codec: Codec of the packets.
        annotated: Whether annotations are painted.
        passthrough: Whether the pictures are those of the camera, not encoded here.
        low: Whether the picture has half its size, at a third of the bits per second.
        options: What else encoders of its codec take; ``None`` for their defaults.
    """

    camera: str
    codec: StreamCodec
    annotated: bool
    passthrough: bool = False
    low: bool = False
    options: StreamOptions | None = None


class Streams(Protocol):
    """The streams among which a subscription moves."""

    def leave(self, subscription: Subscription) -> None:
        """End a subscription."""

    def move(self, subscription: Subscription) -> None:
        """Let a subscription have the stream that it needs now, from the next key frame of that on."""

    def arrived(self, subscription: Subscription) -> None:
        """Take a subscription out of the stream that it had, for the key frame of the other one is here."""


class Subscription:
    """The subscription of one sink to a shared stream, until it is closed.

    Attributes:
        is_open: Whether packets may still come.
        feed: The feed that the frames come from.
        sink: The receiver of the packets.
        encoder: The stream that the packets come from now.
        coming: The stream that it moves to with the next key frame of that; ``None`` if it stays.
        annotations: Whether the sink wants painted annotations.
        takes_coded: Whether the pictures may come as the camera has coded them.
        low: Whether the sink is better off with a smaller picture.
        wants_events: Whether the sink uses ``EncodedFrame.event``.
    """

    encoder: Broadcast
    coming: Broadcast | None = None

    def __init__(
        self,
        feed: Feed,
        codec: StreamCodec,
        sink: PacketSink,
        *,
        annotations: bool,
        options: StreamOptions | None,
        streams: Streams,
    ) -> None:
        self.is_open = True
        self.feed = feed
        self.sink = sink
        self.annotations = annotations
        self.takes_coded = True
        self.low = False
        self.wants_events = False
        self._streams = streams
        self._codec: StreamCodec = codec
        self._options = options
        self._needs_key = True

    @property
    def wanted_key(self) -> EncoderKey:
        """The key of the encoder that this subscription needs, given the current state of its feed."""
        feed, stream = self.feed, self.feed.config.stream
        annotated = self.annotations and feed.annotates and self._codec != "events"
        low = self.low and stream.ladder == "auto"
        is_plain = self._codec == "h264" and not annotated and not stream.encodes_its_own
        passthrough = is_plain and not low and self.takes_coded and stream.passthrough == "auto" and feed.passes
        return EncoderKey(feed.name, self._codec, annotated, passthrough, low, self._options)

    def request_key_frame(self) -> None:
        """Request a key frame: the next frame becomes one, or a repetition of the last if no next one comes."""
        self.encoder.request_key_frame(self)

    def want_events(self) -> None:
        """Have the JSON of events made with the frames, and not where the sink runs."""
        self.wants_events = True

    def close(self) -> None:
        """End the subscription. Safe to call twice; after a call in the sink's own loop nothing more is pushed."""
        self._streams.leave(self)

    def choose_rung(self, *, low: bool) -> None:
        """Move to a smaller picture, or back, at a key frame; the present stream goes on until then."""
        self.low = low
        self._streams.move(self)

    def takes(self, encoder: Broadcast, frame: EncodedFrame) -> bool:
        """Return whether a frame of a stream is for the sink; a key frame of the coming stream makes the move."""
        if encoder is not self.encoder and encoder is self.coming and frame.is_key_frame and self.is_open:
            self._streams.arrived(self)
            self._needs_key = True
        # After a move, frames of the previous stream may still be queued in the loop.
        return self.is_open and encoder is self.encoder

    def deliver(self, encoder: Broadcast, frame: EncodedFrame) -> None:
        """Push a frame, from a key frame on. The stream calls this in the sink's loop or on its own thread."""
        if not self.takes(encoder, frame) or (self._needs_key and not frame.is_key_frame):
            return
        self._needs_key = not self.sink.push(frame)
        if self._needs_key:
            self.request_key_frame()

    def end(self, encoder: Broadcast) -> None:
        """End the sink's stream. The stream calls this where it calls :meth:`deliver`."""
        if self.is_open and encoder is self.encoder:
            self.is_open = False
            self.sink.end()


class Broadcast(ABC):
    """A stream of encoded frames of a feed, delivered to all its subscriptions.

    A frame reaches an event loop in one call, however many sinks the loop has.

    Args:
        feed: The feed that the frames come from.
        key: The properties of the stream.
        monotonic: A clock in seconds that never jumps.

    Attributes:
        passthrough: Whether the frames are those of the camera, not encoded here.
        key: The properties of the stream.
        feed: The feed that the frames come from.
        encoded: Number of frames.
        key_frames: Number of key frames among them.
    """

    passthrough: ClassVar[bool] = False

    def __init__(self, feed: Feed, key: EncoderKey, monotonic: Callable[[], float]) -> None:
        self.key = key
        self.feed = feed
        self.encoded = 0
        self.key_frames = 0
        self._monotonic = monotonic
        self._rate = ByteRate(monotonic)
        self._reports = Reports(logger, f"camera {feed.name}", monotonic, feed.counters, feed.latency)
        self._subscriptions: dict[asyncio.AbstractEventLoop | None, tuple[Subscription, ...]] = {}
        self._size: tuple[int, int] | None = None

    @property
    def rung(self) -> str | None:
        """The size of the picture, as ``1280x720``; ``None`` before the first one."""
        return None if self._size is None else f"{self._size[0]}x{self._size[1]}"

    @property
    def subscriptions(self) -> list[Subscription]:
        """All subscriptions to this stream."""
        return [subscription for group in self._subscriptions.values() for subscription in group]

    @abstractmethod
    def start(self) -> None:
        """Start the stream.

        Raises:
            RuntimeError: The graph is closed, or no thread is available.
        """

    @abstractmethod
    def stop(self) -> Run | None:
        """Stop without waiting; return the run that ends."""

    @abstractmethod
    def request_key_frame(self, subscription: Subscription) -> None:
        """Request a key frame for a subscription, soon; others may get it too."""

    def add(self, subscription: Subscription) -> None:
        """Add a subscription and request the key frame that its packets begin with. Needs the pool's lock."""
        if subscription.encoder is self:
            subscription._needs_key = True
        loop = subscription.sink.loop
        self._subscriptions = {**self._subscriptions, loop: (*self._subscriptions.get(loop, ()), subscription)}
        self.request_key_frame(subscription)

    def remove(self, subscription: Subscription) -> bool:
        """Remove a subscription; return whether none is left. Needs the pool's lock."""
        groups = {
            loop: tuple(other for other in group if other is not subscription)
            for loop, group in self._subscriptions.items()
        }
        self._subscriptions = {loop: group for loop, group in groups.items() if group}
        return not self._subscriptions

    def info(self) -> dict[str, Any]:
        """Return the stream as ``/api/cameras`` shows it."""
        return {
            "codec": self.key.codec,
            "rung": self.rung,
            "annotations": self.key.annotated,
            "passthrough": self.passthrough,
            "frames": self.encoded,
            "key_frames": self.key_frames,
            "bitrate": self._rate.bits_per_second,
        }

    def send(self, frame: EncodedFrame) -> None:
        """Count a frame and deliver it to all subscriptions."""
        self._size = frame.width, frame.height
        self.encoded += 1
        self._rate.add(frame.size)
        if frame.is_key_frame:
            self.key_frames += 1
        self._reports.counters.add_stream_frame(
            self.key.codec, frame.size, is_key=frame.is_key_frame, passthrough=self.passthrough
        )
        self._call_all(self._deliver, frame)

    def end(self) -> None:
        """End the streams of all subscriptions."""
        self._call_all(self._end)

    def _call_all(self, call: Callable[..., None], *arguments: object) -> None:
        """Call a function for the subscriptions of each loop, on this thread or in the loop, with one wake-up."""
        for loop, group in self._subscriptions.items():
            if loop is None:
                call(group, *arguments)
                continue
            try:
                loop.call_soon_threadsafe(call, group, *arguments)
            except RuntimeError:  # the loop is closed, and with it its sinks
                for subscription in group:
                    subscription.close()

    def _deliver(self, group: tuple[Subscription, ...], frame: EncodedFrame) -> None:
        for subscription in group:
            try:
                self._deliver_to(subscription, frame)
            except Exception:
                self._failed(subscription)
        if frame.trace:
            now_s = self._monotonic()
            self._reports.latency.add("send", now_s - frame.trace[-1].at_s)
            self._reports.latency.add("total", now_s - frame.trace[0].at_s)

    def _deliver_to(self, subscription: Subscription, frame: EncodedFrame) -> None:
        """Deliver a frame to a subscription, in the loop of its sink or on this thread."""
        subscription.deliver(self, frame)

    def _end(self, group: tuple[Subscription, ...]) -> None:
        for subscription in group:
            try:
                subscription.end(self)
            except Exception:
                self._failed(subscription)

    def _failed(self, subscription: Subscription) -> None:
        """Remove a sink that has failed: it must not disturb the others."""
        logger.warning("camera %s: a sink failed and is removed", self.key.camera, exc_info=True)
        subscription.close()


class TaskBroadcast(Broadcast, FrameTask):
    """A stream that a task makes of the frames of its feed, which it watches from start to end.

    Args:
        feed: The feed that the frames come from.
        key: The properties of the stream.
        on_end: Called with the stream, on the thread of the task, when the frames have ended.
        monotonic: A clock in seconds that never jumps.
    """

    def __init__(
        self, feed: Feed, key: EncoderKey, on_end: Callable[[Broadcast], None], monotonic: Callable[[], float]
    ) -> None:
        super().__init__(feed, key, monotonic)
        self._on_end = on_end
        self._watch: Watch | None = None
        self._run: TaskRun | None = None

    def start(self) -> None:
        """Start to take frames.

        Raises:
            RuntimeError: The graph is closed, or no thread is available.
        """
        self._watch = self.frames = self.feed.watch()
        try:
            self._run = self.feed.executor.start_task(self)
        except BaseException:
            self._watch.close()
            raise

    def stop(self) -> Run | None:
        """Stop without waiting; return the run that ends."""
        if self._run is not None:
            self._run.stop()
        return self._run

    def close(self) -> None:
        """Stop watching the feed and end the streams of the remaining sinks."""
        if self._watch is not None:
            self._watch.close()
        self._on_end(self)
        self.end()
