"""What takes the packets of a shared encoder: a viewer's track, and whatever else sends or keeps a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from .codecs import VideoPacket


class PacketSink(Protocol):
    """Takes the packets of a shared encoder, on the thread or in the event loop that it chooses.

    What comes begins with a key frame. H.264 has its parameter sets in front of each key frame, and start codes
    (Annex B). Packets are shared with other sinks and never to be changed, which muxing does: copy them before.
    Their ``pts`` and ``time_base`` (1/90000 s) are those of the stream, rising.

    A gap (the camera was offline, or its producer was exchanged) is seen in ``pts`` and nowhere else: the next packet
    is later than the last one by the time that has passed. It need not be a key frame, and the picture's size may have
    changed. A sink that wants a key frame, to begin a new file, calls ``Subscription.ask_key_frame()`` and begins with
    the next packet that is one. ``Subscription.feed`` knows the camera's state meanwhile.

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
        loop: The event loop in which the sink is called, for all sinks of a loop in one wake-up per frame; ``None``:
            on the encoder's thread, where nothing may block.
    """

    loop: asyncio.AbstractEventLoop | None

    def push(self, packets: Sequence[VideoPacket]) -> bool:
        """Take the packets of one frame; must not block: a sink that does has a thread of its own.

        Once a subscription is closed nothing more is pushed in the sink's own loop; on the encoder's thread one more
        call may be under way.

        Returns:
            Whether the sink keeps up. When it does not, it has dropped these; what comes next begins with a key frame,
            which is asked for.

        Raises:
            Exception: any; it is logged, and the sink is left out without being told.
        """

    def end(self) -> None:
        """Learn that nothing more comes: the camera is gone for good, or the pool is closed.

        Not called after the sink itself has left, nor for a gap.
        """
