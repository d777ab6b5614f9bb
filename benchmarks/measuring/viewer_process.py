"""The process of `Viewers`: opens aiortc viewers on commands from stdin, and answers each line with one line.

``open NUMBER CAMERA`` answers ``ok`` when all of them have received packets, ``close`` when all are closed, ``packets``
answers ``ok`` and how many.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sys
import threading
import urllib.request

import aioice.ice
import aiortc.rtcrtpreceiver
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

FIRST_PACKET_TIMEOUT_S = 20.0

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def discard(_loop: object, frames: queue.Queue[object], _decoded: object, _error: threading.Event) -> None:
    """Discard frames in place of the decoder: decoding them for N viewers would exceed the machine."""
    while frames.get() is not None:
        pass


def loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    """Return 127.0.0.1 only, which aioice leaves out."""
    return ["127.0.0.1"]


def exchange(url: str, offer: str) -> tuple[str, str]:
    """Post an offer to a WHEP endpoint; return the answer and the path of the session."""
    request = urllib.request.Request(url, offer.encode(), {"Content-Type": "application/sdp"}, method="POST")
    with OPENER.open(request, timeout=20) as answer:
        return answer.read().decode(), answer.headers["Location"]


def delete(url: str) -> None:
    """End a WHEP session, unless the server has ended it already."""
    with contextlib.suppress(OSError):
        OPENER.open(urllib.request.Request(url, method="DELETE"), timeout=20).close()


class Watching:
    """The viewers of one process.

    Args:
        server: The server's address, without a slash at the end.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._viewers: list[tuple[RTCPeerConnection, str]] = []

    async def open(self, camera: str, number: int) -> None:
        """Open viewers one after the other, and wait for their first packets.

        Raises:
            TimeoutError: Some have received none.
        """
        opened = [await self._opened(camera) for _ in range(number)]
        async with asyncio.timeout(FIRST_PACKET_TIMEOUT_S):
            # aiortc counts packets, but has no event for the first one.
            while not all([await received(viewer) for viewer in opened]):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def packets(self) -> int:
        """Return the number of RTP packets received by all viewers."""
        return sum([await received(viewer) for viewer, _ in self._viewers])

    async def close(self) -> None:
        """End every session."""
        viewers, self._viewers = self._viewers, []
        await asyncio.gather(*(asyncio.to_thread(delete, session) for _, session in viewers))
        await asyncio.gather(*(viewer.close() for viewer, _ in viewers))

    async def _opened(self, camera: str) -> RTCPeerConnection:
        viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        viewer.addTransceiver("video", direction="recvonly")
        await viewer.setLocalDescription(await viewer.createOffer())
        url = f"{self._server}/whep/{camera}"
        answer, session = await asyncio.to_thread(exchange, url, viewer.localDescription.sdp)
        await viewer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        self._viewers.append((viewer, self._server + session))
        return viewer


async def received(viewer: RTCPeerConnection) -> int:
    """Return how many RTP packets a viewer has received."""
    (receiver,) = viewer.getReceivers()
    report = await receiver.getStats()
    return sum(stats.packetsReceived for stats in report.values() if stats.type == "inbound-rtp")


async def answered(watching: Watching, command: str) -> str:
    """Run the command of a line and return the answer."""
    try:
        match command.split():
            case ["open", number, camera]:
                await watching.open(camera, int(number))
                return "ok"
            case ["close"]:
                await watching.close()
                return "ok"
            case ["packets"]:
                return f"ok {await watching.packets()}"
        return f"error {command!r} is not a command"
    except (OSError, TimeoutError) as error:
        return f"error {command}: {error!r}"


async def main() -> None:
    """Run commands until stdin ends, then close every viewer."""
    # aiortc and aioice have no settings for either.
    setattr(aiortc.rtcrtpreceiver, "decoder_worker", discard)  # noqa: B010
    setattr(aioice.ice, "get_host_addresses", loopback)  # noqa: B010
    watching = Watching(sys.argv[1])
    try:
        while command := await asyncio.to_thread(sys.stdin.readline):
            print(await answered(watching, command), flush=True)
    finally:
        await watching.close()


if __name__ == "__main__":
    asyncio.run(main())
