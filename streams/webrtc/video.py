"""The video of one viewer: a packet sink whose frames leave as RTP as soon as the connection is up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from aiortc import RTCDataChannel

from ..encoding import EncodedFrame, PacketSink
from ..rtp import RtpStream
from .data_channel import PredictionsChannel

MAX_WAITING = 15
"""Most frames that wait for the connection; half a second at 30 frames per second."""


class ViewerVideo(PacketSink):
    """The frames of a shared stream for one viewer.

    Until the connection is up the newest group of pictures waits, so that the viewer sees it at once. All methods run
    in the event loop.

    Args:
        on_end: Called when the stream has ended by itself: its camera may be watched no more.

    Attributes:
        predictions: The viewer's data channel, if it opens one.
        wants_predictions: Called when it has opened one.
        live: Whether the stream goes on.
        stream: The RTP stream of the viewer; ``None`` until the connection is up.
    """

    def __init__(self, on_end: Callable[[], object] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self.live = True
        self.stream: RtpStream | None = None
        self.on_end = on_end or _nothing
        self._waiting: deque[EncodedFrame] = deque()
        self._overflowed = False
        self._last: EncodedFrame | None = None
        self.predictions = PredictionsChannel()
        self.wants_predictions: Callable[[], object] = _nothing

    def push(self, frame: EncodedFrame) -> bool:
        """Send a frame; return whether there was room."""
        stream = self.stream
        if stream is not None:
            if self._overflowed:
                self._overflowed = False
                if not frame.is_key_frame:
                    return False
            return self._send(stream, frame)
        if self.live:
            self._wait(frame)
        return True

    def begin(self, stream: RtpStream) -> bool:
        """Send the frames that wait, and all further ones; return whether they were all, or a key frame is needed."""
        if not self.live:
            return True
        self.stream = stream
        for frame in self._waiting:
            self._overflowed = not self._send(stream, frame)
            if self._overflowed:
                break
        self._waiting.clear()
        return not self._overflowed

    def take_channel(self, channel: RTCDataChannel) -> None:
        """Send predictions on a data channel that the viewer has opened, if it is for them."""
        if not (self.live and self.predictions.take(channel)):
            return
        self.wants_predictions()
        if self.stream is not None and self._last is not None:
            # Those of the picture that the viewer sees: the next one may be long in coming.
            self.predictions.send(self._last, self.stream.timestamp)

    def end(self) -> None:
        """End the video: the camera was removed or has become private."""
        on_end = self.on_end
        self.stop()
        on_end()

    def stop(self) -> None:
        """Send no more. Safe to call twice."""
        self.live = False
        self.on_end = self.wants_predictions = _nothing
        self._waiting.clear()
        self._last = None
        self.predictions.close()
        if self.stream is not None:
            self.stream.close()

    def _send(self, stream: RtpStream, frame: EncodedFrame) -> bool:
        fits = stream.push(frame)
        if fits:
            self._last = frame
            self.predictions.send(frame, stream.timestamp)
        return fits

    def _wait(self, frame: EncodedFrame) -> None:
        if frame.is_key_frame:
            self._waiting.clear()
            self._overflowed = False
        if self._overflowed:
            return
        self._waiting.append(frame)
        if len(self._waiting) > MAX_WAITING:
            # Nobody asks for a key frame before somebody can see it.
            self._waiting.clear()
            self._overflowed = True


def _nothing() -> None:
    """Do nothing."""
