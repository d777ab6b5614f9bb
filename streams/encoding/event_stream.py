"""The events of a camera's frames as a stream, for readers of predictions; nothing is painted or encoded for them."""

from __future__ import annotations

from collections.abc import Callable

from cameras import Frame
from pipeline import Feed

from ..predictions import EventOptions, event_of
from .broadcast import Broadcast, EncoderKey, Subscription, TaskBroadcast
from .codecs import CLOCK_RATE
from .encoded import EncodedFrame


class EventStream(TaskBroadcast):
    """A task, ``events CAMERA``, that delivers an ``EncodedFrame`` for each frame of a feed, with its event as data.

    A sink that joins, or requests a key frame, gets the last one again: the next may be long in coming.

    Args:
        feed: The feed that the frames come from.
        key: The properties of the stream.
        on_end: Called on the thread of the task when the frames have ended.
        monotonic: A clock in seconds that never jumps.
    """

    def __init__(
        self,
        feed: Feed,
        key: EncoderKey,
        *,
        on_end: Callable[[Broadcast], None],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(feed, key, on_end, monotonic)
        self.name = f"events {key.camera}"
        self._masks = isinstance(key.options, EventOptions) and key.options.masks
        self._last: EncodedFrame | None = None
        self._repeats = False

    def request_key_frame(self, subscription: Subscription) -> None:
        """Deliver the last frame again, if there is one; whoever has it can tell by its number."""
        self._repeats = True
        if self._run is not None:
            self._run.wake()

    def process(self, frame: Frame) -> None:
        """Deliver the event of a frame."""
        event = event_of(self.key.camera, frame)
        self._repeats = False
        self._last = EncodedFrame(
            event.with_masks() if self._masks else event.json,
            "events",
            round(frame.time_s * CLOCK_RATE),
            True,
            frame.width,
            frame.height,
            captured_at=frame.captured_at,
            sequence=frame.sequence,
            annotations=frame.annotations,
            capture_clock=frame.capture_clock,
            event=event,
        )
        self.send(self._last)

    def due_in_s(self) -> float | None:
        """Return 0 while the last frame is to be delivered again."""
        return 0.0 if self._repeats and self._last is not None else None

    def idle(self) -> None:
        """Deliver the last frame again."""
        self._repeats = False
        if self._last is not None:
            self.send(self._last)

    def close(self) -> None:
        """Stop watching the feed and end the streams of the remaining sinks."""
        self._last = None
        super().close()
