"""A stream of the pictures as the camera has coded them: nothing is decoded or encoded for its viewers."""

from __future__ import annotations

import dataclasses
import logging
from collections import deque
from collections.abc import Callable, Sequence

from cameras import CodedPicture
from pipeline import CodedWatch, Feed, Run

from ..predictions import PredictionsEvent
from .broadcast import Broadcast, EncoderKey, Subscription
from .codecs import CLOCK_RATE
from .encoded import EncodedFrame

logger = logging.getLogger(__name__)

REPEAT_S = 0.5
"""Shortest time between two repetitions of the group for one sink."""

REPEATS_MAX = 4
PERIOD_S = 10.0
"""A sink that needs so many repetitions in this time cannot show the pictures as they are, or loses too many: it gets
an encoded stream."""

CATCH_UP_BYTES = 32_000
CATCH_UP_S = 0.01
"""A repeated group leaves in portions of this size at this interval (26 Mbit/s), each at least one picture."""

MOVE_AGAIN_S = 1.0
"""How soon sinks that could not be moved to another stream are moved again."""


class PassThrough(Broadcast):
    """Delivers the coded pictures of a feed. It has no thread: the source's brings the pictures.

    A sink that joins, or requests a key frame, gets the group so far at once, from its key frame on. The times of the
    repeated pictures are a tick apart, so that a viewer does not play them at their pace, but as fast as it decodes
    them.

    Where frames come without coded pictures, ``on_exchange`` moves the sinks to an encoder, and that one back.

    Args:
        feed: The feed that the pictures come from.
        key: The properties of the stream.
        on_exchange: Called on the thread of the source, or in the loop of a sink, when sinks need another stream.
        on_end: Called when the pictures have ended, on a thread of its own.
        monotonic: A clock in seconds that never jumps.
    """

    passthrough = True

    def __init__(
        self,
        feed: Feed,
        key: EncoderKey,
        *,
        on_exchange: Callable[[Broadcast], None],
        on_end: Callable[[Broadcast], None],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(feed, key, monotonic)
        self._on_exchange = on_exchange
        self._on_end = on_end
        self._watch: CodedWatch | None = None
        self._settings = feed.version, feed.config.stream
        self._moved_s = float("-inf")
        # Replaced and appended to on the source's thread only.
        self._group: list[EncodedFrame] = []
        self._last_pts = -1
        self._repetition: tuple[EncodedFrame | None, Sequence[EncodedFrame]] = None, ()
        self._places: dict[Subscription, _Place] = {}

    def start(self) -> None:
        """Start to take pictures.

        Raises:
            RuntimeError: The graph is closed, or no thread is available.
        """
        self._watch = self.feed.watch_coded(self)

    def stop(self) -> Run | None:
        """Stop, and end the streams of the remaining sinks; there is no run to wait for."""
        if self._watch is not None:
            self._watch.close()
        self.end()
        return None

    def add(self, subscription: Subscription) -> None:
        """Add a subscription; it gets the group so far at once. Needs the pool's lock."""
        self._places[subscription] = _Place()
        super().add(subscription)

    def remove(self, subscription: Subscription) -> bool:
        """Remove a subscription; return whether none is left. Needs the pool's lock."""
        self._places.pop(subscription, None)
        return super().remove(subscription)

    def request_key_frame(self, subscription: Subscription) -> None:
        """Repeat the group for a sink, soon."""
        loop = subscription.sink.loop
        if loop is None:
            self._ask(subscription)
            return
        try:
            loop.call_soon_threadsafe(self._ask, subscription)
        except RuntimeError:  # the loop is closed, and with it its sinks
            subscription.close()

    def begin(self, group: Sequence[CodedPicture]) -> None:
        """Take the group so far of the feed."""
        self._group = [self._framed(picture) for picture in group]

    def take(self, picture: CodedPicture) -> None:
        """Deliver a picture; the source's thread calls it."""
        settings = self.feed.version, self.feed.config.stream
        if settings != self._settings:
            self._settings = settings
            self._on_exchange(self)
        frame = self._framed(picture)
        if frame.is_key_frame:
            self._group = [frame]
        elif self._group:
            self._group.append(frame)
        else:
            return
        self.send(frame)

    def interrupted(self) -> None:
        """Move the sinks to an encoder: frames come without coded pictures."""
        self._group = []
        now_s = self._monotonic()
        if now_s - self._moved_s >= MOVE_AGAIN_S:
            self._moved_s = now_s
            self._on_exchange(self)

    def ended(self) -> None:
        """End the streams of all sinks: the camera was removed or became private."""
        # Whoever says so may hold the lock of the graph, and others wait for that with the lock of the pool.
        try:
            self.feed.executor.start_thread(f"ending {self.key.camera}", lambda _: self._finish())
        except RuntimeError:  # the system gives no more threads
            self.end()

    def _finish(self) -> None:
        self._on_end(self)
        self.end()

    def _framed(self, picture: CodedPicture) -> EncodedFrame:
        time_base = picture.time_base
        ticks = round(picture.pts * time_base.numerator * CLOCK_RATE / time_base.denominator)
        pts = max(ticks, self._last_pts + 1)
        self._last_pts = pts
        return EncodedFrame(
            picture.data,
            "h264",
            pts,
            picture.is_key,
            picture.width,
            picture.height,
            captured_at=picture.captured_at,
            sequence=picture.sequence,
            trace=picture.trace,
            capture_clock=picture.capture_clock,
            event=PredictionsEvent.of(self.key.camera, picture),
        )

    def _deliver_to(self, subscription: Subscription, frame: EncodedFrame) -> None:
        """Deliver the next picture, unless the sink has got it with its group. Called in the loop of the sink."""
        place = self._place(subscription)
        if place is None or frame.sequence <= place.sequence:
            return
        if place.plays and frame.pts > place.pts and subscription.encoder is self:  # as nearly always
            place.sequence, place.pts = frame.sequence, frame.pts
            place.has_key = subscription.sink.push(frame)
            return
        if frame.is_key_frame:
            place.asks, place.has_begun, place.has_key = False, True, True
        if not place.asks or not self._has_begun(place):
            if not place.has_key:
                return
            place.sequence = frame.sequence
            place.waiting.append(frame)
        self._push(subscription, place)

    def _ask(self, subscription: Subscription) -> None:
        """Give a sink the group so far, now or when it may be repeated."""
        place = self._place(subscription)
        if place is None:
            return
        now_s = self._monotonic()
        place.asked = [at_s for at_s in place.asked if now_s - at_s < PERIOD_S]
        if len(place.asked) >= REPEATS_MAX:
            logger.info("camera %s: a viewer cannot show the pictures of the camera as they are", self.key.camera)
            subscription.takes_coded = False
            self._on_exchange(self)
            return
        place.asks = True
        if self._has_begun(place):
            self._try_to_push(subscription, place)

    def _has_begun(self, place: _Place) -> bool:
        """Let a sink begin with the group so far, if there is one, and if it has not begun with it just before."""
        now_s, group = self._monotonic(), tuple(self._group)
        if not group or now_s < place.begins_s:
            return False
        if place.has_begun:
            place.asked.append(now_s)
            place.begins_s = now_s + REPEAT_S
        place.asks, place.has_begun, place.has_key = False, True, True
        place.sequence = group[-1].sequence
        place.waiting.clear()
        place.waiting.extend(self._repeated(group))
        return True

    def _repeated(self, group: Sequence[EncodedFrame]) -> Sequence[EncodedFrame]:
        """Return a group as it is repeated after its last picture; the same for all who begin with it."""
        newest = group[-1]
        if len(group) == 1:
            return group
        if self._repetition[0] is not newest:
            captured_at = newest.captured_at
            made = [
                dataclasses.replace(frame, pts=newest.pts + number, captured_at=captured_at, trace=())
                for number, frame in enumerate(group, 1)
            ]
            self._repetition = newest, made
        return self._repetition[1]

    def _push(self, subscription: Subscription, place: _Place) -> None:
        """Push what waits for a sink; a portion of it where it is a repeated group."""
        loop, waiting = subscription.sink.loop, place.waiting
        if place.pauses:
            return
        left = CATCH_UP_BYTES
        while waiting and (left > 0 or loop is None):
            frame = waiting.popleft()
            left -= frame.size
            if not subscription.takes(self, frame):
                return
            if frame.pts <= place.pts:
                frame = dataclasses.replace(frame, pts=place.pts + 1)
            place.pts = frame.pts
            if not subscription.sink.push(frame):
                # The next group begins with a key frame; this one would not have more room.
                waiting.clear()
                place.has_key = False
                return
        if waiting and loop is not None:
            place.pauses = True
            loop.call_later(CATCH_UP_S, self._push_on, subscription, place)

    def _push_on(self, subscription: Subscription, place: _Place) -> None:
        place.pauses = False
        if self._place(subscription) is place:
            self._try_to_push(subscription, place)

    def _try_to_push(self, subscription: Subscription, place: _Place) -> None:
        try:
            self._push(subscription, place)
        except Exception:
            self._failed(subscription)

    def _place(self, subscription: Subscription) -> _Place | None:
        """Return where a sink is in the stream; ``None`` when it has left."""
        is_here = subscription.is_open and self in (subscription.encoder, subscription.coming)
        return self._places.get(subscription) if is_here else None


class _Place:
    """Where a sink is in the stream; used in its loop only.

    Attributes:
        asks: Whether it waits for the group.
        has_begun: Whether it has begun with a group.
        has_key: Whether it can go on with the next picture.
        sequence: Number of the last picture that it has got, or that waits for it.
        pts: Time of the last picture that it has got.
        begins_s: When the group may be repeated.
        asked: When it was repeated.
        waiting: What is pushed next.
        pauses: Whether a timer pushes the next portion.
    """

    __slots__ = ("asked", "asks", "begins_s", "has_begun", "has_key", "pauses", "pts", "sequence", "waiting")

    def __init__(self) -> None:
        self.asks = self.has_begun = self.has_key = self.pauses = False
        self.sequence = self.pts = -1
        self.begins_s = float("-inf")
        self.asked: list[float] = []
        self.waiting: deque[EncodedFrame] = deque()

    @property
    def plays(self) -> bool:
        """Whether the next picture can be pushed as it comes."""
        return self.has_key and not (self.asks or self.waiting or self.pauses)
