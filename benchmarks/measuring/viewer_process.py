"""The process of `Viewers`: opens aiortc viewers on commands from stdin, and answers each line with one line.

``open NUMBER CAMERA...`` opens as many viewers of each camera and answers ``ok`` when all have received packets,
``join CAMERA`` opens one and answers ``ok`` and the milliseconds from its offer to its first packet, ``close`` answers
when all are closed, ``packets`` answers ``ok`` and how many.

A viewer counts its packets where they arrive and drops them. Decrypting them, their order, and reports on them would
cost more than the server takes to send them, beside which they run: 64 viewers would take a core of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import aioice.ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

FIRST_PACKET_TIMEOUT_S = 60.0
AT_ONCE = 4
"""Number of viewers that are opened at the same time: a handshake mostly waits for the server."""

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PacketCounter:
    """Counts the media packets of each ICE connection in place of receiving them, and keeps when the first came."""

    def __init__(self) -> None:
        self._counts: Counter[object] = Counter()
        self._first_s: dict[object, float] = {}
        self._receive: Callable[..., None] = aioice.ice.StunProtocol.datagram_received

    def install(self) -> None:
        """Replace the function of aioice that receives a datagram; there is no setting for it."""
        counts, first_s, receive = self._counts, self._first_s, self._receive

        def count(self: aioice.ice.StunProtocol, data: bytes, address: tuple[Any, ...]) -> None:
            if not 128 <= data[0] < 192:  # RFC 7983: STUN and DTLS
                receive(self, data, address)
            elif not 192 <= data[1] < 224:  # RFC 5761: else RTCP
                counts[self.receiver] += 1
                first_s.setdefault(self.receiver, time.monotonic())

        setattr(aioice.ice.StunProtocol, "datagram_received", count)  # noqa: B010

    def packets(self, viewer: RTCPeerConnection) -> int:
        """Return how many packets a viewer has received."""
        return self._counts[_connection(viewer)]

    def first_s(self, viewer: RTCPeerConnection) -> float:
        """Return when the first packet of a viewer came, by the monotonic clock."""
        return self._first_s[_connection(viewer)]


def _connection(viewer: RTCPeerConnection) -> object:
    (transceiver,) = viewer.getTransceivers()
    return transceiver.receiver.transport.transport._connection


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
        counter: Counts the packets of the viewers.
    """

    def __init__(self, server: str, counter: PacketCounter) -> None:
        self._server = server
        self._counter = counter
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._viewers: list[tuple[RTCPeerConnection, str]] = []

    async def open(self, cameras: Sequence[str], number: int) -> None:
        """Open viewers of each camera, and wait for their first packets.

        Raises:
            TimeoutError: Some have received none.
        """
        opened = await asyncio.gather(*(self._opened(camera) for camera in cameras for _ in range(number)))
        await self._first_packets([viewer for viewer, _ in opened])

    async def join_ms(self, camera: str) -> float:
        """Open a viewer and return the milliseconds from its offer to its first packet.

        Raises:
            TimeoutError: It has received none.
        """
        viewer, offered_s = await self._opened(camera)
        await self._first_packets([viewer])
        return 1000 * (self._counter.first_s(viewer) - offered_s)

    async def _first_packets(self, opened: Sequence[RTCPeerConnection]) -> None:
        async with asyncio.timeout(FIRST_PACKET_TIMEOUT_S):
            # aiortc counts packets, but has no event for the first one.
            while not all(self._counter.packets(viewer) for viewer in opened):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def packets(self) -> int:
        """Return the number of RTP packets received by all viewers."""
        return sum(self._counter.packets(viewer) for viewer, _ in self._viewers)

    async def close(self) -> None:
        """End every session."""
        viewers, self._viewers = self._viewers, []
        await asyncio.gather(*(asyncio.to_thread(delete, session) for _, session in viewers))
        await asyncio.gather(*(viewer.close() for viewer, _ in viewers))

    async def _opened(self, camera: str) -> tuple[RTCPeerConnection, float]:
        viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        viewer.addTransceiver("video", direction="recvonly")
        await viewer.setLocalDescription(await viewer.createOffer())
        url = f"{self._server}/whep/{camera}"
        async with self._turn:
            offered_s = time.monotonic()
            answer, session = await asyncio.to_thread(exchange, url, viewer.localDescription.sdp)
            self._viewers.append((viewer, self._server + session))
            await viewer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        return viewer, offered_s


async def answered(watching: Watching, command: str) -> str:
    """Run the command of a line and return the answer."""
    try:
        match command.split():
            case ["open", number, *cameras]:
                await watching.open(cameras, int(number))
                return "ok"
            case ["join", camera]:
                return f"ok {await watching.join_ms(camera):.3f}"
            case ["close"]:
                await watching.close()
                return "ok"
            case ["packets"]:
                return f"ok {watching.packets()}"
        return f"error {command!r} is not a command"
    except (OSError, TimeoutError) as error:
        return f"error {command}: {error!r}"


async def main() -> None:
    """Run commands until stdin ends, then close every viewer."""
    counter = PacketCounter()
    counter.install()
    setattr(aioice.ice, "get_host_addresses", loopback)  # noqa: B010 - aioice has no setting for it
    watching = Watching(sys.argv[1], counter)
    try:
        while command := await asyncio.to_thread(sys.stdin.readline):
            print(await answered(watching, command), flush=True)
    finally:
        await watching.close()


if __name__ == "__main__":
    asyncio.run(main())
