"""The interface of packet sinks: a viewer's track, and anything else that sends or records a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from .codecs import VideoPacket


class PacketSink(Protocol):
    """Receives the packets of a shared encoder, on the encoder's thread or in an event loop.

    The first packet is a key frame. H.264 comes with start codes (Annex B) and with its parameter sets before each key
    frame. Packets are shared with other sinks: never change them. Muxing does, so copy them before.
    Their ``pts`` rise, in units of ``time_base`` (1/90000 s).

    A gap (the camera was offline, or its producer was exchanged) shows only in ``pts``: the next packet is later than
    the last one by the time that has passed. It need not be a key frame, and the size of the picture may have changed.
    A sink that wants a key frame, to begin a new file, calls ``Subscription.request_key_frame()`` and begins with the
    next packet that is one. ``Subscription.feed`` has the camera's state meanwhile.

    A recorder, for example::

        class Recorder:
            loop: asyncio.AbstractEventLoop | None = None

            def push(self, packets):
                try:
                    self._queue.put_nowait(packets)
                except queue.Full:
                    return False
                return True

            def end(self):
                self._ended.set()

    Attributes:
        loop: The event loop in which the sink is called, one wake-up per frame for all sinks of a loop. ``None`` calls
            it on the encoder's thread, which must not block.
    """

    loop: asyncio.AbstractEventLoop | None

    def push(self, packets: Sequence[VideoPacket]) -> bool:
        """Accept the packets of one frame without blocking; a sink that writes slowly needs a thread of its own.

        After its subscription is closed, a sink with a loop gets no more calls; on the encoder's thread one call may
        still be running.

        Returns:
            Whether the sink keeps up. False means that it dropped these packets: the encoder then makes a key frame,
            and the sink's next packets begin with it.

        Raises:
            Exception: Any exception is logged and closes the subscription, without a call of ``end``.
        """

    def end(self) -> None:
        """Handle the end of the stream: the camera was removed or became private, or the pool was closed.

        Not called after the subscription was closed, nor for a gap, nor when a file has reached its end: the next
        configuration may give the camera another source. ``Subscription.feed.state`` is ``ended`` then.
        """
