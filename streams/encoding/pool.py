"""The encoders that run: one for all sinks that want the same, from the first of them to the last."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from pipeline import Feed, Run

from .codecs import CodecName
from .shared_encoder import EncoderKey, MakeEncoder, SharedEncoder, Subscription, encoder_for
from .sink import PacketSink

logger = logging.getLogger(__name__)

END_LIMIT_S = 5.0
"""How long an encoder may take to end; after that it is left behind."""


class EncoderPool:
    """All shared encoders: each starts with its first sink and ends with its last. Safe from any thread.

    Args:
        make_encoder: Gives the encoder for a feed; the one that its ``stream:`` asks for by default.
        monotonic: Seconds of a clock that never jumps.
    """

    def __init__(
        self, make_encoder: MakeEncoder | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._make_encoder = make_encoder or encoder_for
        self._monotonic = monotonic
        # Held while sinks come, move and go, never while a frame is painted, encoded or handed over.
        self._lock = threading.RLock()
        self._encoders: dict[EncoderKey, SharedEncoder] = {}
        self._ending: list[_Ending] = []
        self._closed = False

    def subscribe(
        self,
        feed: Feed,
        codec: CodecName,
        sink: PacketSink,
        *,
        annotations: bool = True,
        size: tuple[int, int] | None = None,
    ) -> Subscription:
        """Have a sink get the packets of a feed until the subscription is closed.

        Without anything in the feed's chain that annotates, those who want annotations share the clean encoder with
        those who do not; that is looked at again when the feed's producer is exchanged.

        Raises:
            RuntimeError: when the pool or the graph is closed, or the machine gives no more threads.
        """
        subscription = Subscription(feed, codec, sink, annotations=annotations, size=size, leave=self._leave)
        with self._lock:
            if self._closed:
                raise RuntimeError("the encoders are closed")
            self._join(subscription)
        return subscription

    def encoders(self, camera: str) -> list[dict[str, Any]]:
        """Return what ``/api/cameras`` shows of the encoders running for a camera."""
        with self._lock:
            running = list(self._encoders.values())
        return [encoder.info() for encoder in running if encoder.key.camera == camera]

    def close(self, limit_s: float = END_LIMIT_S) -> None:
        """End all encoders and wait for them, within a limit. Harmless twice. Blocks; not for the event loop."""
        with self._lock:
            self._closed = True
            for encoder in list(self._encoders.values()):
                self._stop(encoder)
            ending, self._ending = self._ending, []
        deadline_s = time.monotonic() + limit_s
        for each in ending:
            if not each.run.wait(max(deadline_s - time.monotonic(), 0.0)):
                each.warn()

    def _join(self, subscription: Subscription) -> None:
        key = subscription.wanted_key
        encoder = self._encoders.get(key)
        if encoder is not None and encoder.feed is not subscription.feed:
            # A camera of that name was removed; the encoder of its feed is about to end.
            self._stop(encoder)
            encoder = None
        if encoder is None:
            encoder = SharedEncoder(
                subscription.feed,
                key,
                self._make_encoder,
                on_exchange=self._rearrange,
                on_end=self._ended,
                monotonic=self._monotonic,
            )
            encoder.start()
            self._encoders[key] = encoder
        subscription.encoder = encoder
        encoder.add(subscription)

    def _leave(self, subscription: Subscription) -> None:
        with self._lock:
            if subscription.is_open:
                subscription.is_open = False
                encoder = subscription.encoder
                if encoder.remove(subscription):
                    self._stop(encoder)

    def _rearrange(self, encoder: SharedEncoder) -> None:
        """Move the sinks that want another encoder since the feed's producer was exchanged."""
        with self._lock:
            if self._closed:
                return
            for subscription in encoder.subscriptions:
                if subscription.wanted_key != encoder.key:
                    try:
                        self._join(subscription)
                    except RuntimeError as error:  # no thread is to be had: it stays where it is
                        logger.warning("camera %s: a stream goes on as it was: %s", encoder.key.camera, error)
                    else:
                        encoder.remove(subscription)
            if not encoder.subscriptions:
                self._stop(encoder)

    def _ended(self, encoder: SharedEncoder) -> None:
        """Take note of an encoder whose frames have ended; its run has a little left to do, which is waited for."""
        with self._lock:
            if self._encoders.get(encoder.key) is encoder:
                self._stop(encoder)

    def _forget(self, encoder: SharedEncoder) -> None:
        """Give an encoder to nobody any more."""
        with self._lock:
            if self._encoders.get(encoder.key) is encoder:
                del self._encoders[encoder.key]

    def _stop(self, encoder: SharedEncoder) -> None:
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
    """An encoder that was told to end."""

    def __init__(self, run: Run, since_s: float) -> None:
        self.run = run
        self.since_s = since_s
        self.over = False

    def warn(self) -> None:
        logger.warning("%s: does not end; it is left behind", self.run.name)
