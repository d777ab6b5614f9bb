"""One running encoder for the frames of a feed, and the subscriptions that share its packets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cameras import Frame
from pipeline import ByteRate, Feed, FrameTask, Reports, Run, TaskRun, Watch

from .codecs import CodecName, VideoPacket
from .encoder import VideoEncoder
from .keyframes import KeyFrameRequests
from .pace import Pace
from .sink import PacketSink

logger = logging.getLogger(__name__)

REPEAT_DELAY_S = 0.1
"""How long a requested key frame waits for a new frame; after that the last frame is encoded again."""


@dataclass(frozen=True)
class EncoderKey:
    """The properties of a shared encoder's stream; sinks with equal keys share one encoder.

    Attributes:
        camera: Name of the camera.
        codec: Codec of the packets.
        size: Width and height in pixels, both even, that the picture is scaled to; ``None`` keeps its size.
        annotated: Whether annotations are painted.
    """

    camera: str
    codec: CodecName
    size: tuple[int, int] | None
    annotated: bool


MakeEncoder = Callable[[Feed, EncoderKey], VideoEncoder]


class Subscription:
    """The subscription of one sink to a shared encoder, until it is closed.

    Attributes:
        is_open: Whether packets may still come.
        feed: The feed that the frames come from.
        sink: The receiver of the packets.
        encoder: The encoder that the packets come from now.
        annotations: Whether the sink wants painted annotations.
    """

    encoder: SharedEncoder

    def __init__(
        self,
        feed: Feed,
        codec: CodecName,
        sink: PacketSink,
        *,
        annotations: bool,
        size: tuple[int, int] | None,
        leave: Callable[[Subscription], None],
    ) -> None:
        self.is_open = True
        self.feed = feed
        self.sink = sink
        self.annotations = annotations
        self._leave = leave
        self._codec: CodecName = codec
        self._size = size
        self._needs_key = True

    @property
    def wanted_key(self) -> EncoderKey:
        """The key of the encoder that this subscription needs, given the current state of its feed."""
        return EncoderKey(self.feed.name, self._codec, self._size, self.annotations and self.feed.annotates)

    def request_key_frame(self) -> None:
        """Request a key frame: the next frame becomes one, or a repetition of the last if no next one comes."""
        self.encoder.request_key_frame()

    def close(self) -> None:
        """End the subscription. Safe to call twice; after a call in the sink's own loop nothing more is pushed."""
        self._leave(self)

    def deliver(self, encoder: SharedEncoder, packets: Sequence[VideoPacket]) -> None:
        """Push packets, from a key frame on. The encoder calls this in the sink's loop or on its own thread."""
        # After a move, packets of the previous encoder may still be queued in the loop.
        if not self.is_open or encoder is not self.encoder:
            return
        if self._needs_key:
            first = next((index for index, packet in enumerate(packets) if packet.is_keyframe), None)
            if first is None:
                return
            packets = packets[first:]
        self._needs_key = not self.sink.push(packets)
        if self._needs_key:
            self.request_key_frame()

    def end(self, encoder: SharedEncoder) -> None:
        """End the sink's stream. The encoder calls this where it calls :meth:`deliver`."""
        if self.is_open and encoder is self.encoder:
            self.is_open = False
            self.sink.end()


class SharedEncoder(FrameTask):
    """A task, ``encoder CAMERA CODEC``, that encodes a feed and delivers the packets to its subscriptions.

    It watches its feed from start to end. The packets of a frame reach an event loop in one call, however many sinks
    the loop has. A failure of the encoder is counted and reported, and a new encoder is made; the sinks stay.

    Args:
        feed: The feed to encode.
        key: The properties of the stream.
        make_encoder: Returns the encoder, for the first frame, after a failure, after an exchange and for a change of
            the camera's ``stream:``.
        on_exchange: Called on the encoder's thread when the feed's producer, or one upstream, was exchanged.
        on_end: Called on the encoder's thread when the frames have ended.
        monotonic: A clock in seconds that never jumps.

    Attributes:
        feed: The feed that it encodes.
        encoded: Number of frames encoded.
        key_frames: Number of key frames made.
    """

    def __init__(
        self,
        feed: Feed,
        key: EncoderKey,
        make_encoder: MakeEncoder,
        *,
        on_exchange: Callable[[SharedEncoder], None],
        on_end: Callable[[SharedEncoder], None],
        monotonic: Callable[[], float],
    ) -> None:
        self.key = key
        self.name = f"encoder {key.camera} {key.codec}"
        self.encoded = 0
        self.key_frames = 0
        self._on_exchange = on_exchange
        self._on_end = on_end
        self.feed = feed
        self._make_encoder = make_encoder
        self._monotonic = monotonic
        self._requests = KeyFrameRequests(monotonic)
        self._rate = ByteRate(monotonic)
        self._reports = Reports(logger, f"camera {feed.name}", monotonic, feed.counters, feed.latency)
        self._subscriptions: dict[asyncio.AbstractEventLoop | None, tuple[Subscription, ...]] = {}
        self._watch: Watch | None = None
        self._run: TaskRun | None = None
        self._version = feed.version
        self._stream = feed.config.stream
        self._pace = Pace(self._stream.frame_rate)
        self._encoder: VideoEncoder | None = None
        self._size: tuple[int, int] | None = None
        self._last: Frame | None = None
        self._last_at_s = 0.0
        self._shed = 0

    @property
    def rung(self) -> str | None:
        """The size of the encoded picture, as ``1280x720``; ``None`` before the first one."""
        return None if self._size is None else f"{self._size[0]}x{self._size[1]}"

    @property
    def subscriptions(self) -> list[Subscription]:
        """All subscriptions to this encoder."""
        return [subscription for group in self._subscriptions.values() for subscription in group]

    def start(self) -> None:
        """Start to encode.

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
        """Stop encoding without waiting; return the run that ends."""
        if self._run is not None:
            self._run.stop()
        return self._run

    def add(self, subscription: Subscription) -> None:
        """Add a subscription and request the key frame that its packets begin with. Needs the pool's lock."""
        subscription._needs_key = True
        loop = subscription.sink.loop
        self._subscriptions = {**self._subscriptions, loop: (*self._subscriptions.get(loop, ()), subscription)}
        self.request_key_frame()

    def remove(self, subscription: Subscription) -> bool:
        """Remove a subscription; return whether none is left. Needs the pool's lock."""
        groups = {
            loop: tuple(other for other in group if other is not subscription)
            for loop, group in self._subscriptions.items()
        }
        self._subscriptions = {loop: group for loop, group in groups.items() if group}
        return not self._subscriptions

    def request_key_frame(self) -> None:
        """Request a key frame: the next frame becomes one, or a repetition of the last if no next one comes."""
        if self._requests.request() and self._run is not None:
            self._run.wake()

    def info(self) -> dict[str, Any]:
        """Return the encoder as ``/api/cameras`` shows it."""
        return {
            "codec": self.key.codec,
            "rung": self.rung,
            "annotations": self.key.annotated,
            "frames": self.encoded,
            "key_frames": self.key_frames,
            "bitrate": self._rate.bits_per_second,
        }

    def process(self, frame: Frame) -> None:
        """Encode a frame, unless the stream's frame rate skips it."""
        self._count_shed()
        version, stream = self.feed.version, self.feed.config.stream
        if (version, stream) != (self._version, self._stream):
            exchanged = version != self._version
            self._version, self._stream = version, stream
            self._pace = Pace(stream.frame_rate)
            self._encoder = None
            if exchanged:
                self._on_exchange(self)
        if self._pace.skips(frame):
            return
        self._last, self._last_at_s = frame, self._monotonic()
        self._encode(frame)

    def due_in_s(self) -> float | None:
        """Return the seconds until a requested key frame stops waiting for a new frame; ``None`` without a request."""
        return None if self._last is None else self._requests.wait_s(REPEAT_DELAY_S)

    def idle(self) -> None:
        """Encode the last frame again: a sink needs a key frame, and no new frame came."""
        if self._last is not None:
            self._encode(self._last, later_s=self._monotonic() - self._last_at_s)

    def close(self) -> None:
        """Stop watching the feed and end the streams of the remaining sinks."""
        if self._watch is not None:
            self._watch.close()
        self._encoder = self._last = None
        self._on_end(self)
        self._call_all(lambda subscription: subscription.end(self))

    def _encode(self, frame: Frame, later_s: float = 0.0) -> None:
        started = self._monotonic()
        try:
            if self._encoder is None:
                self._encoder = self._make_encoder(self.feed, self.key)
            picture = self.feed.painted(frame) if self.key.annotated else frame
            packets = self._encoder.encode(picture, key=self._requests.wait_s() == 0.0, later_s=later_s)
        except Exception as error:  # an encoder failure of any kind must not cost the sinks their stream
            logger.debug("camera %s: encoder", self.key.camera, exc_info=True)
            self._reports.failed(f"its {self.key.codec} encoder failed ({error}); a new one is started")
            self._encoder = None
            self._requests.request()
            return
        done = self._monotonic()
        self._count(frame, packets)
        self._reports.latency.add("encode", done - started)
        if later_s == 0.0 and frame.trace:
            self._reports.latency.add("total", done - frame.trace[0].at_s)
        self._call_all(lambda subscription: subscription.deliver(self, packets))

    def _count_shed(self) -> None:
        """Count the frames that came while this task waited for a worker, or encoded an earlier frame."""
        if self._watch is not None and (dropped := self._watch.dropped) > self._shed:
            self._reports.counters.add("shed", dropped - self._shed)
            self._shed = dropped

    def _count(self, frame: Frame, packets: list[VideoPacket]) -> None:
        self._size = self.key.size or (frame.width, frame.height)
        self.encoded += 1
        self._reports.counters.add("encoded")
        for packet in packets:
            self._rate.add(packet.size)
            if packet.is_keyframe:
                self.key_frames += 1
                self._requests.served()

    def _call_all(self, action: Callable[[Subscription], None]) -> None:
        """Call an action for each subscription, on this thread or in its sink's loop, with one wake-up per loop."""
        for loop, group in self._subscriptions.items():
            if loop is None:
                self._call_group(group, action)
                continue
            try:
                loop.call_soon_threadsafe(self._call_group, group, action)
            except RuntimeError:  # the loop is closed, and with it its sinks
                for subscription in group:
                    subscription.close()

    def _call_group(self, group: tuple[Subscription, ...], action: Callable[[Subscription], None]) -> None:
        for subscription in group:
            try:
                action(subscription)
            except Exception:  # a failing sink must not disturb the others
                logger.warning("camera %s: a sink failed and is removed", self.key.camera, exc_info=True)
                subscription.close()


def encoder_for(feed: Feed, key: EncoderKey) -> VideoEncoder:
    """Return the encoder that a camera's ``stream:`` describes."""
    stream = feed.config.stream
    return VideoEncoder(
        key.codec,
        frame_rate=min(max(stream.frame_rate or feed.root.frame_rate or 30.0, 1.0), 120.0),
        bitrate=stream.bitrate,
        key_frame_interval_s=stream.key_frame_interval_s,
        preset=stream.preset,
        size=key.size,
    )
