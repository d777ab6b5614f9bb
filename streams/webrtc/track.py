"""What a viewer's peer connection takes its packets from: the sink of a shared encoder as aiortc's track."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from pipeline import ByteRate

from ..encoding import PacketSink, VideoPacket

MOST_BEHIND = 15
"""Packets that may wait for a sender; half a second at 30 frames per second."""


class PacketTrack(MediaStreamTrack, PacketSink):
    """The packets of a shared encoder, for one viewer. aiortc packs them as they are, nothing is encoded again.

    When the sender is more than ``MOST_BEHIND`` packets behind, all that waits is dropped and counted, and the viewer
    goes on with the next key frame; nobody else notices.

    Everything here runs in the event loop.

    Attributes:
        dropped: How many packets were dropped because the sender was behind.
        sent: The bytes that have gone to the sender.
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
        if len(self._packets) >= MOST_BEHIND:
            self.dropped += len(self._packets)
            self._packets.clear()
            if not packets[0].is_keyframe:
                return False
        self._packets.extend(packets)
        self._wake()
        return True

    def end(self) -> None:
        """End the track: the camera is gone for good."""
        self.stop()

    async def recv(self) -> VideoPacket:
        """Wait for the next packet.

        Raises:
            MediaStreamError: when the track is stopped.
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
        """End the track; a waiting ``recv`` sees it at once."""
        super().stop()
        self._packets.clear()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
