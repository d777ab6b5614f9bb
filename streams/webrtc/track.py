"""A packet sink that is an aiortc track: the packets of a shared encoder for one peer connection."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from pipeline import ByteRate

from ..encoding import PacketSink, VideoPacket

MAX_QUEUED = 15
"""Most packets queued for a sender; half a second at 30 frames per second."""


class PacketTrack(MediaStreamTrack, PacketSink):
    """The packets of a shared encoder, queued for one viewer. aiortc packetizes them without encoding them again.

    When ``MAX_QUEUED`` packets are queued, the track drops and counts them all, and the viewer continues with the next
    key frame. Other viewers are not affected.

    All methods run in the event loop.

    Attributes:
        dropped: Number of packets dropped because the sender was behind.
        sent: Bytes that the sender has taken, and their rate.
    """

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.dropped = 0
        self.sent = ByteRate(time.monotonic)
        self._packets: deque[VideoPacket] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def push(self, packets: Sequence[VideoPacket]) -> bool:
        """Add packets, unless the sender is too far behind."""
        if self.readyState != "live":
            return True
        if len(self._packets) >= MAX_QUEUED:
            self.dropped += len(self._packets)
            self._packets.clear()
            if not packets[0].is_keyframe:
                return False
        self._packets.extend(packets)
        self._wake()
        return True

    def end(self) -> None:
        """End the track: the camera was removed or has ended."""
        self.stop()

    async def recv(self) -> VideoPacket:
        """Wait for the next packet.

        Raises:
            MediaStreamError: The track is stopped.
        """
        while not self._packets:
            if self.readyState != "live":
                raise MediaStreamError("the track has ended")
            self._waiter = self.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        packet = self._packets.popleft()
        self.sent.add(packet.size)
        return packet

    def stop(self) -> None:
        """End the track; a waiting ``recv`` raises at once."""
        super().stop()
        self._packets.clear()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
