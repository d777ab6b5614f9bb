"""The pool of running encoders: sinks that need the same stream share one, which runs while it has sinks."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from pipeline import Feed, Run

from .broadcast import Broadcast, EncoderKey, StreamOptions, Subscription
from .codecs import StreamCodec
from .event_stream import EventStream
from .pass_through import PassThrough
from .shared_encoder import MakeEncoder, SharedEncoder, encoder_for
from .sink import PacketSink

logger = logging.getLogger(__name__)

END_LIMIT_S = 5.0
"""How long an encoder may take to end; after that the pool no longer waits for it."""


class EncoderPool:
    """All shared encoders: each starts with its first sink and ends with its last. Thread-safe.

    Args:
        make_encoder: Returns the encoder for a feed; by default the one that the camera's ``stream:`` describes.
        monotonic: A clock in seconds that never jumps.
    """

    def __init__(
        self, make_encoder: MakeEncoder | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._make_encoder = make_encoder or encoder_for
        self._monotonic = monotonic
        # Held while sinks join, move and leave, never while a frame is painted, encoded or delivered.
        self._lock = threading.RLock()
        self._encoders: dict[EncoderKey, Broadcast] = {}
        self._ending: list[_Ending] = []
        self._closed = False

    def subscribe(
        self,
        feed: Feed,
        codec: StreamCodec,
        sink: PacketSink,
        *,
        annotations: bool = True,
        options: StreamOptions | None = None,
    ) -> Subscription:
        """Send the packets of a feed to a sink until the subscription is closed.

        If no transform of the feed annotates, sinks with and without annotations share the clean encoder. The pool
        checks this again when the feed's producer is exchanged.

        Raises:
            RuntimeError: The pool or the graph is closed, or no thread is available.
        """
        subscription = Subscription(feed, codec, sink, annotations=annotations, options=options, streams=self)
        with self._lock:
            if self._closed:
                raise RuntimeError("the encoders are closed")
            self._join(subscription)
        return subscription

    def encoders(self, camera: str) -> list[dict[str, Any]]:
        """Return the running encoders of a camera as ``/api/cameras`` shows them; events need none."""
        with self._lock:
            running = list(self._encoders.values())
        return [each.info() for each in running if each.key.camera == camera and each.key.codec != "events"]

    def running(self) -> Counter[tuple[str, str, bool]]:
        """Return the number of running streams by camera, codec, and whether they have the pictures of the camera."""
        with self._lock:
            return Counter((key.camera, key.codec, key.passthrough) for key in self._encoders)

    def close(self, limit_s: float = END_LIMIT_S) -> None:
        """End all encoders and wait for them, within a limit. Safe to call twice. Blocks: not for the event loop."""
        with self._lock:
            self._closed = True
            for encoder in list(self._encoders.values()):
                self._stop(encoder)
            ending, self._ending = self._ending, []
        deadline_s = time.monotonic() + limit_s
        for each in ending:
            if not each.run.wait(max(deadline_s - time.monotonic(), 0.0)):
                each.warn()

    def leave(self, subscription: Subscription) -> None:
        """End a subscription, as :meth:`Subscription.close` does."""
        with self._lock:
            if subscription.is_open:
                subscription.is_open = False
                self._give_up(subscription)
                self._remove(subscription, subscription.encoder)

    def move(self, subscription: Subscription) -> None:
        """Let a subscription have the stream that it needs now, from the next key frame of that on."""
        with self._lock:
            self._give_up(subscription)
            key = subscription.wanted_key
            if self._closed or not subscription.is_open or key == subscription.encoder.key:
                return
            try:
                coming = self._running(subscription.feed, key)
            except RuntimeError as error:  # no thread is available: the sink keeps its encoder
                logger.warning("camera %s: a viewer keeps its stream: %s", key.camera, error)
                return
            subscription.coming = coming
            coming.add(subscription)

    def arrived(self, subscription: Subscription) -> None:
        """Take a subscription out of the stream that it had, for the key frame of the other one is here."""
        with self._lock:
            before, coming = subscription.encoder, subscription.coming
            if coming is not None and subscription.is_open:
                subscription.encoder, subscription.coming = coming, None
                self._remove(subscription, before)

    def _give_up(self, subscription: Subscription) -> None:
        """Give up a move that has not been made."""
        coming, subscription.coming = subscription.coming, None
        if coming is not None:
            self._remove(subscription, coming)

    def _remove(self, subscription: Subscription, encoder: Broadcast) -> None:
        if encoder.remove(subscription):
            self._stop(encoder)

    def _join(self, subscription: Subscription) -> None:
        encoder = self._running(subscription.feed, subscription.wanted_key)
        subscription.encoder = encoder
        encoder.add(subscription)

    def _running(self, feed: Feed, key: EncoderKey) -> Broadcast:
        """Return the stream for a key, started if need be."""
        encoder = self._encoders.get(key)
        if encoder is not None and encoder.feed is not feed:
            # A camera with that name was removed, and the encoder of its feed is still ending.
            self._stop(encoder)
            encoder = None
        if encoder is None:
            encoder = self._made(feed, key)
            encoder.start()
            self._encoders[key] = encoder
        return encoder

    def _made(self, feed: Feed, key: EncoderKey) -> Broadcast:
        moved, ended, monotonic = self._rearrange, self._ended, self._monotonic
        if key.passthrough:
            return PassThrough(feed, key, on_exchange=moved, on_end=ended, monotonic=monotonic)
        if key.codec == "events":
            return EventStream(feed, key, on_end=ended, monotonic=monotonic)
        return SharedEncoder(feed, key, self._make_encoder, on_exchange=moved, on_end=ended, monotonic=monotonic)

    def _rearrange(self, encoder: Broadcast) -> None:
        """Move the sinks that need another encoder now that the feed's producer was exchanged."""
        with self._lock:
            if self._closed:
                return
            for subscription in encoder.subscriptions:
                if subscription.encoder is not encoder:  # it is about to move here
                    self.move(subscription)
                elif subscription.wanted_key != encoder.key:
                    self._give_up(subscription)
                    try:
                        self._join(subscription)
                    except RuntimeError as error:  # no thread is available: the sink keeps its encoder
                        logger.warning("camera %s: a stream keeps its old settings: %s", encoder.key.camera, error)
                    else:
                        encoder.remove(subscription)
            if not encoder.subscriptions:
                self._stop(encoder)

    def _ended(self, encoder: Broadcast) -> None:
        """Remove an encoder whose frames have ended; :meth:`close` still waits for the rest of its run."""
        with self._lock:
            if self._encoders.get(encoder.key) is encoder:
                self._stop(encoder)

    def _forget(self, encoder: Broadcast) -> None:
        """Take an encoder out of the table, so that no further sink joins it."""
        with self._lock:
            if self._encoders.get(encoder.key) is encoder:
                del self._encoders[encoder.key]

    def _stop(self, encoder: Broadcast) -> None:
        self._forget(encoder)
        now_s = time.monotonic()
        for each in self._ending:
            if each.run.wait(0):
                each.over = True
            elif now_s - each.since_s > END_LIMIT_S:
                each.over = True
                each.warn()
        self._ending = [each for each in self._ending if not each.over]
        if (run := encoder.stop()) is not None:
            self._ending.append(_Ending(run, now_s))


class _Ending:
    """A stopped encoder whose run may not have ended yet."""

    def __init__(self, run: Run, since_s: float) -> None:
        self.run = run
        self.since_s = since_s
        self.over = False

    def warn(self) -> None:
        logger.warning("%s: did not end in time; no longer waiting for it", self.run.name)
