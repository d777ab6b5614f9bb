"""One running encoder for the frames of a feed, shared by its subscriptions."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from cameras import Frame, Mark
from pipeline import Feed, wait_of, waited_s

from ..predictions import event_of
from .broadcast import Broadcast, EncoderKey, Subscription, TaskBroadcast
from .encoded import EncodedFrame
from .encoder import VideoEncoder
from .jpeg import JpegEncoder, JpegOptions
from .keyframes import KeyFrameRequests
from .pace import Pace

logger = logging.getLogger(__name__)

REPEAT_DELAY_S = 0.1
"""How long a requested key frame waits for a new frame; after that the last frame is encoded again."""


class Packet(Protocol):
    """What an encoder makes of a frame; ``bytes(packet)`` is its content."""

    @property
    def pts(self) -> int | None:
        """Presentation time in ticks of the RTP clock."""

    @property
    def is_keyframe(self) -> bool:
        """Whether a decoder can start with it."""

    def __bytes__(self) -> bytes: ...


class Encoder(Protocol):
    """Encodes frames, each at once; used by one thread at a time."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the last picture in pixels; ``None`` before the first one."""

    def encode(self, frame: Frame, *, key: bool = False, later_s: float = 0.0) -> Sequence[Packet]:
        """Return the packets of a frame.

        Args:
            frame: The frame.
            key: Whether a decoder must be able to start with it.
            later_s: Added to the time of the frame, which is encoded again because no newer one comes.
        """


MakeEncoder = Callable[[Feed, EncoderKey], Encoder]


class SharedEncoder(TaskBroadcast):
    """A task, ``encoder CAMERA CODEC``, that encodes a feed and delivers the packets to its subscriptions.

    It watches its feed from start to end. A failure of the encoder is counted and reported, and a new encoder is made;
    the sinks stay.

    Args:
        feed: The feed to encode.
        key: The properties of the stream.
        make_encoder: Returns the encoder, for the first frame, after a failure, after an exchange and for a change of
            the camera's ``stream:``.
        on_exchange: Called on the encoder's thread when the feed's producer, or one upstream, was exchanged, or its
            ``stream`` block, or when its pictures come coded or no longer do.
        on_end: Called on the encoder's thread when the frames have ended.
        monotonic: A clock in seconds that never jumps.
    """

    def __init__(
        self,
        feed: Feed,
        key: EncoderKey,
        make_encoder: MakeEncoder,
        *,
        on_exchange: Callable[[SharedEncoder], None],
        on_end: Callable[[Broadcast], None],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(feed, key, on_end, monotonic)
        self.name = f"encoder {key.camera} {key.codec}"
        self._on_exchange = on_exchange
        self._make_encoder = make_encoder
        self._requests = KeyFrameRequests(monotonic)
        self._version = feed.version
        self._stream = feed.config.stream
        self._passes = feed.passes
        self._pace = self._paced()
        self._encoder: Encoder | None = None
        self._last: Frame | None = None
        self._last_at_s = 0.0
        self._shed = 0

    def request_key_frame(self, subscription: Subscription) -> None:
        """Request a key frame: the next frame becomes one, or a repetition of the last if no next one comes."""
        if self._requests.request() and self._run is not None:
            self._run.wake()

    def process(self, frame: Frame) -> None:
        """Encode a frame, unless the stream's frame rate skips it."""
        self._count_shed()
        version, stream = self.feed.version, self.feed.config.stream
        if self.feed.passes != self._passes:
            self._passes = self.feed.passes
            self._on_exchange(self)
        if (version, stream) != (self._version, self._stream):
            self._version, self._stream = version, stream
            self._pace = self._paced()
            self._encoder = None
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
        self._encoder = self._last = None
        super().close()

    def _encode(self, frame: Frame, later_s: float = 0.0) -> None:
        started_s = self._monotonic()
        try:
            picture = self.feed.painted(frame) if self.key.annotated else frame
            painted_s = self._monotonic()
            if self._encoder is None:
                self._encoder = self._make_encoder(self.feed, self.key)
            packets = self._encoder.encode(picture, key=self._requests.wait_s() == 0.0, later_s=later_s)
        except Exception as error:  # an encoder failure of any kind must not cost the sinks their stream
            logger.debug("camera %s: encoder", self.key.camera, exc_info=True)
            self._reports.failed(f"its {self.key.codec} encoder failed ({error}); a new one is started")
            self._encoder = None
            self._requests.request()
            return
        done_s = self._monotonic()
        latency = self._reports.latency
        if self.key.annotated:
            latency.add("paint", painted_s - started_s)
        latency.add("encode", done_s - painted_s)
        self._reports.counters.add("encoded")
        width, height = self._encoder.size or (frame.width, frame.height)
        trace: tuple[Mark, ...] = ()
        if frame.trace and later_s == 0.0:
            trace = (*frame.trace, Mark(wait_of(self.key.camera), started_s))
            latency.add("wait", waited_s(trace, self.key.camera))
            painted = (Mark("painted", painted_s),) if self.key.annotated else ()
            trace = (*trace, *painted, Mark("encoded", done_s))
        event = event_of(self.key.camera, frame)
        if later_s:
            event = dataclasses.replace(event, pts_s=event.pts_s + later_s, new_result=False)
        if any(subscription.wants_events for subscription in self.subscriptions):
            event.prepare()
        for packet in packets:
            if packet.is_keyframe:
                self._requests.served()
            self.send(
                EncodedFrame(
                    bytes(packet),
                    self.key.codec,
                    packet.pts or 0,
                    packet.is_keyframe,
                    width,
                    height,
                    captured_at=frame.captured_at + later_s,
                    sequence=frame.sequence,
                    annotations=frame.annotations,
                    trace=trace,
                    capture_clock=frame.capture_clock,
                    event=event,
                )
            )

    def _paced(self) -> Pace:
        options = self.key.options
        rates = (self._stream.frame_rate, options.frame_rate if isinstance(options, JpegOptions) else None)
        return Pace(min((rate for rate in rates if rate is not None), default=None))

    def _count_shed(self) -> None:
        """Count the frames that came while this task waited for a worker, or encoded an earlier frame."""
        if self._watch is not None and (dropped := self._watch.dropped) > self._shed:
            self._reports.counters.add("shed", dropped - self._shed)
            self._shed = dropped


def encoder_for(feed: Feed, key: EncoderKey) -> Encoder:
    """Return the encoder that a stream's key and the camera's ``stream:`` describe."""
    if key.codec == "mjpeg":
        return JpegEncoder(key.options if isinstance(key.options, JpegOptions) else JpegOptions())
    assert key.codec != "events", "an EventStream encodes nothing"
    stream = feed.config.stream
    return VideoEncoder(
        key.codec,
        frame_rate=min(max(stream.frame_rate or feed.root.frame_rate or 30.0, 1.0), 120.0),
        bitrate=stream.bitrate,
        key_frame_interval_s=stream.key_frame_interval_s,
        preset=stream.preset,
        low=key.low,
    )
