"""The data channel of a viewer for predictions: JSON that names the picture in its video to which it belongs."""

from __future__ import annotations

from aiortc import RTCDataChannel

from ..encoding import EncodedFrame
from .internals import has_room, widen

LABEL = "predictions"
"""The label of the channel, which the viewer creates, unordered and without retransmissions."""


class PredictionsChannel:
    """Sends the events of a viewer's frames, each right after the packets of its picture. Use it in the event loop.

    A message is the event with ``rtp_timestamp``, the RTP timestamp of that very picture on that connection. There is
    one for each frame with predictions, and for the first one without. A message that has no room, because the viewer
    or its network is slow, is dropped: none waits behind another.

    Attributes:
        sent: Number of messages sent.
        dropped: Number of messages dropped.
    """

    def __init__(self) -> None:
        self.sent = self.dropped = 0
        self._channel: RTCDataChannel | None = None
        self._told = False

    def take(self, channel: RTCDataChannel) -> bool:
        """Take a channel that the viewer has opened; return whether it is for predictions. The newest one counts."""
        if channel.label != LABEL:
            return False
        widen(channel)
        self._channel, self._told = channel, False
        return True

    def send(self, frame: EncodedFrame, timestamp: int) -> None:
        """Send the event of a picture that was sent with an RTP timestamp, if there is anything to tell."""
        channel, event = self._channel, frame.event
        if channel is None or event is None or not (event.annotations or self._told):
            return
        if channel.readyState != "open":
            self.close()
        elif has_room(channel):
            channel.send(f'{event.short_text[:-1]},"rtp_timestamp":{timestamp}}}')
            self._told = bool(event.annotations)
            self.sent += 1
        else:
            self.dropped += 1

    def close(self) -> None:
        """Send no more. Safe to call twice."""
        self._channel = None
