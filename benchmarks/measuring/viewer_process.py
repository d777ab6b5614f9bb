"""The process of `Viewers`: opens aiortc viewers on commands from stdin, and answers each line with one line.

``open NUMBER CAMERA...`` opens as many viewers of each camera and answers ``ok`` when all have received packets,
``join CAMERA`` opens one and answers ``ok`` and the milliseconds from its offer to its first packet, ``close N``
answers when all but the first N are closed, ``received`` answers ``ok`` and for each viewer its packets, frames and
last sequence number as JSON.

A viewer counts its packets where they arrive and drops them. Decrypting them, their order, and reports on them would
cost more than the server takes to send them, beside which they run: 64 viewers would take a core of it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import aioice.ice
from aiortc import RTCCertificate, RTCConfiguration, RTCPeerConnection, RTCSessionDescription, rtcdtlstransport

from .drain import Drain, Received

FIRST_PACKET_TIMEOUT_S = 60.0
AT_ONCE = 4
"""Number of viewers that are opened at the same time: a handshake mostly waits for the server."""

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Receivers:
    """What each ICE connection has received.

    Args:
        drain: Takes the sockets of all viewers.
    """

    def __init__(self, drain: Drain) -> None:
        self._drain = drain
        self._received: dict[object, Received] = {}

    def install(self, addresses: Sequence[str]) -> None:
        """Give every socket of aioice to the drain, and let it gather these addresses; it has settings for neither."""
        protocol: Any = aioice.ice.StunProtocol
        connection_made: Callable[[Any, Any], None] = protocol.connection_made

        def made(self: Any, transport: Any) -> None:
            connection_made(self, transport)
            # asyncio adds its reader after this call.
            asyncio.get_running_loop().call_soon(take, self, transport)

        def take(protocol: Any, transport: Any) -> None:
            loop: Any = asyncio.get_running_loop()
            if not transport.is_closing():
                loop._remove_reader(transport._sock_fd)
                other = partial(loop.call_soon_threadsafe, protocol.datagram_received)
                self._received[protocol.receiver] = self._drain.add(transport._sock, without_rtcp(other))

        protocol.connection_made = made
        # It leaves loopback addresses out.
        setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: list(addresses))  # noqa: B010

    def of(self, viewer: RTCPeerConnection) -> Received:
        """Return what a viewer has received so far."""
        (transceiver,) = viewer.getTransceivers()
        return self._received[transceiver.receiver.transport.transport._connection]

    def forget(self, viewer: RTCPeerConnection) -> None:
        """Keep no count of a viewer that is closed."""
        (transceiver,) = viewer.getTransceivers()
        self._received.pop(transceiver.receiver.transport.transport._connection, None)


def without_rtcp(other: Callable[[bytes, Any], None]) -> Callable[[bytes, Any], None]:
    """Return a function that drops RTCP, which nobody reads, and passes on the rest."""

    def take(data: bytes, address: Any) -> None:
        if not 128 <= data[0] < 192:
            with contextlib.suppress(RuntimeError):  # the loop has ended before the drain
                other(data, address)

    return take


class Protocol(ABC):
    """How a viewer and a server agree on a connection.

    Args:
        server: The server's address, without a slash at the end.
    """

    def __init__(self, server: str) -> None:
        self._server = server

    @abstractmethod
    async def connect(self, viewer: RTCPeerConnection, camera: str) -> str:
        """Negotiate a connection, and return the address of the session."""

    @abstractmethod
    def end(self, session: str) -> None:
        """End a session, unless the server has ended it already; blocks."""


class Whep(Protocol):
    """The viewer offers, in one request."""

    async def connect(self, viewer: RTCPeerConnection, camera: str) -> str:
        """Post an offer and take the answer."""
        viewer.addTransceiver("video", direction="recvonly")
        await viewer.setLocalDescription(await viewer.createOffer())
        offer = viewer.localDescription.sdp
        answer, session = await asyncio.to_thread(self._exchange, f"{self._server}/whep/{camera}", offer)
        await viewer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        return self._server + session

    @staticmethod
    def _exchange(url: str, offer: str) -> tuple[str, str]:
        request = urllib.request.Request(url, offer.encode(), {"Content-Type": "application/sdp"}, method="POST")
        with OPENER.open(request, timeout=20) as answer:
            return answer.read().decode(), answer.headers["Location"]

    def end(self, session: str) -> None:
        """Delete the session."""
        with contextlib.suppress(OSError):
            OPENER.open(urllib.request.Request(session, method="DELETE"), timeout=20).close()


class Janus(Protocol):
    """The streaming plugin of Janus offers; a camera is the number of its mountpoint."""

    async def connect(self, viewer: RTCPeerConnection, camera: str) -> str:
        """Watch a mountpoint."""
        session, handle, offer = await asyncio.to_thread(self._watch, int(camera))
        await viewer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await viewer.setLocalDescription(await viewer.createAnswer())
        answer = {"type": "answer", "sdp": viewer.localDescription.sdp}
        await asyncio.to_thread(self._post, handle, janus="message", body={"request": "start"}, jsep=answer)
        return session

    def _watch(self, mountpoint: int) -> tuple[str, str, str]:
        session = f"{self._server}/{self._post(self._server, janus='create')['data']['id']}"
        handle = f"{session}/{self._post(session, janus='attach', plugin='janus.plugin.streaming')['data']['id']}"
        self._post(handle, janus="message", body={"request": "watch", "id": mountpoint})
        while True:
            with OPENER.open(f"{session}?maxev=1", timeout=40) as answer:
                event = json.load(answer)
            if "jsep" in event:
                return session, handle, event["jsep"]["sdp"]
            if "error" in event or "error" in event.get("plugindata", {}).get("data", {}):
                raise OSError(f"Janus: {event}")

    @staticmethod
    def _post(url: str, **message: Any) -> Any:
        body = json.dumps({"transaction": os.urandom(6).hex(), **message}).encode()
        with OPENER.open(urllib.request.Request(url, body), timeout=20) as answer:
            return json.load(answer)

    def end(self, session: str) -> None:
        """Destroy the session."""
        with contextlib.suppress(OSError):
            self._post(session, janus="destroy")


class Watching:
    """The viewers of one process.

    Args:
        protocol: How they connect.
        receivers: What they have received.
    """

    def __init__(self, protocol: Protocol, receivers: Receivers) -> None:
        self._protocol = protocol
        self._receivers = receivers
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
        return 1000 * (self._receivers.of(viewer).first_s - offered_s)

    async def _first_packets(self, opened: Sequence[RTCPeerConnection]) -> None:
        async with asyncio.timeout(FIRST_PACKET_TIMEOUT_S):
            # The thread that counts them has no event for the first one.
            while not all(self._receivers.of(viewer).packets for viewer in opened):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def received(self) -> list[tuple[int, int, int]]:
        """Return the packets, frames and last sequence number of each viewer."""
        found = [self._receivers.of(viewer) for viewer, _ in self._viewers]
        return [(each.packets, each.frames, each.sequence) for each in found]

    async def close(self, kept: int = 0) -> None:
        """End every session but the first ones."""
        viewers, self._viewers = self._viewers[kept:], self._viewers[:kept]
        await asyncio.gather(*(asyncio.to_thread(self._protocol.end, session) for _, session in viewers))
        await asyncio.gather(*(viewer.close() for viewer, _ in viewers))
        for viewer, _ in viewers:
            self._receivers.forget(viewer)

    async def _opened(self, camera: str) -> tuple[RTCPeerConnection, float]:
        viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        async with self._turn:
            offered_s = time.monotonic()
            session = await self._protocol.connect(viewer, camera)
            self._viewers.append((viewer, session))
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
            case ["close", kept]:
                await watching.close(int(kept))
                return "ok"
            case ["received"]:
                return f"ok {json.dumps(watching.received())}"
        return f"error {command.strip()!r} is not a command"
    except (OSError, TimeoutError) as error:
        return f"error {command.strip()}: {error!r}"


def adapt_dtls(profile: str) -> None:
    """Let aiortc connect to peers with RSA certificates, such as Janus, and offer one SRTP profile only.

    Args:
        profile: As OpenSSL calls it; empty: those of aiortc.
    """
    offered = [each for each in rtcdtlstransport.SRTP_PROFILES if profile in ("", each.openssl_profile.decode())]
    setattr(rtcdtlstransport, "SRTP_PROFILES", offered)  # noqa: B010
    certificate: Any = RTCCertificate
    create: Callable[..., Any] = certificate._create_ssl_context

    def create_with_rsa(self: RTCCertificate, srtp_profiles: Any) -> Any:
        context = create(self, srtp_profiles)
        context.set_cipher_list(b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256")
        return context

    certificate._create_ssl_context = create_with_rsa


async def main() -> None:
    """Run commands until stdin ends, then close every viewer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--protocol", choices=("whep", "janus"), default="whep")
    parser.add_argument("--profile", default="")
    parser.add_argument("--address", default="127.0.0.1")
    options = parser.parse_args()
    adapt_dtls(options.profile)
    with Drain() as drain:
        receivers = Receivers(drain)
        receivers.install([options.address])
        protocol = (Whep if options.protocol == "whep" else Janus)(options.server)
        watching = Watching(protocol, receivers)
        try:
            while command := await asyncio.to_thread(sys.stdin.readline):
                print(await answered(watching, command), flush=True)
        finally:
            await watching.close()


if __name__ == "__main__":
    asyncio.run(main())
