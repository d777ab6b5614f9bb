"""Server-sent events: what is recognised in each frame, as it is published."""

from __future__ import annotations

import time
from collections.abc import Callable

from pydantic import Field

from ..encoding import EncodedFrame, EventOptions
from .base import Muxer, MuxerOptions

COMMENT_S = 15.0
"""Interval of comments, by which both sides notice a connection that is lost."""
_COMMENT = b":\n\n"


class EventsOptions(MuxerOptions):
    """What a reader of predictions may choose."""

    annotations: bool = Field(default=True, description="Without effect: there is no picture.")
    masks: bool = Field(default=False, description="``true``: with the masks, as PNG in base64.")

    @property
    def encoding(self) -> EventOptions:
        """What its stream is asked for."""
        return EventOptions(self.masks)


class EventsMuxer(Muxer):
    """One message for each frame with predictions, and for the first one without; its id is the number of the frame.

    A reader that reads again, and says which message it got last (``Last-Event-ID``), gets the newest one at once,
    unless it has it.
    """

    kind = "events"
    path = "predictions"
    media_type = "text/event-stream"
    codec = "events"
    summary = "Return what is recognised in the camera's frames, as server-sent events."
    options_type = EventsOptions
    begins_with_frame = False
    idle_s = COMMENT_S

    def __init__(self, options: MuxerOptions, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(options)
        self._monotonic = monotonic
        self._commented_s = monotonic()
        self._last = -1
        self._told = False

    def resume(self, last_id: str) -> None:
        """Take the id of the last message that the reader has got."""
        self._told = True
        if last_id.isascii() and last_id.isdecimal() and len(last_id) < 19:
            self._last = int(last_id)

    def frame(self, frame: EncodedFrame, pts: int) -> bytes:
        """Return the message of a frame, if there is anything to tell, and a comment if it is time for one."""
        comment = self.idle() if self._monotonic() - self._commented_s >= COMMENT_S else b""
        event = frame.event
        is_known = frame.sequence == self._last
        self._last = frame.sequence
        if event is None or is_known or not (event.annotations or self._told):
            return comment
        self._told = bool(event.annotations)
        return b"%bid: %d\nevent: predictions\ndata: %b\n\n" % (comment, frame.sequence, frame.data)

    def idle(self) -> bytes:
        """Return a comment."""
        self._commented_s = self._monotonic()
        return _COMMENT
