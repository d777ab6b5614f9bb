"""What a viewer's peer connection takes its packets from."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from .codecs import VideoPacket
from .rates import ByteRate

MOST_BEHIND = 15
"""Packets that may wait for a sender; half a second at 30 frames per second."""


class PacketTrack(MediaStreamTrack):
    """The packets of a shared encoder, for one viewer. aiortc packs them as they are, nothing is encoded again.

    What comes begins with a key frame. When the sender is more than ``MOST_BEHIND`` packets behind, all that waits is
    dropped and counted, and the viewer goes on with the next key frame; nobody else notices.

    Everything here runs in the event loop.
    """

    kind = "video"

    def __init__(self, ask_key_frame: Callable[[], object]) -> None:
        super().__init__()
        self._ask_key_frame = ask_key_frame
        self._packets: deque[VideoPacket] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._needs_key = True
        self.dropped = 0
        self.sent = ByteRate(time.monotonic)

    def push(self, packet: VideoPacket) -> None:
        """Add a packet, if the viewer can use it now."""
        if self.readyState != "live":
            return
        if len(self._packets) >= MOST_BEHIND:
            self.dropped += len(self._packets)
            self._packets.clear()
            self._needs_key = True
            if not packet.is_keyframe:
                self._ask_key_frame()
        if self._needs_key and not packet.is_keyframe:
            return
        self._needs_key = False
        self._packets.append(packet)
        self._wake()

    async def recv(self) -> VideoPacket:
        """Wait for the next packet.

        Raises:
            MediaStreamError: when the track is stopped.
        """
        while not self._packets:
            if self.readyState != "live":
                raise MediaStreamError("the track has ended")
            self._waiter = asyncio.get_running_loop().create_future()
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
