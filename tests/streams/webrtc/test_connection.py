from __future__ import annotations

import asyncio
import os
import socket
import weakref

import pytest
from aioice.ice import StunProtocol
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from av import VideoFrame

from streams.rtp import Transmitter
from streams.webrtc.connection import CLOSE_LIMIT_S, Connection
from streams.webrtc.ice import IceSettings
from streams.webrtc.internals import ice_of
from streams.webrtc.sdp import read_offer
from streams.webrtc.sender import VideoSender
from streams.webrtc.video import ViewerVideo
from tests.fakes import no_collection
from tests.streams.fakes import LoopbackViewer

pytestmark = pytest.mark.anyio


async def test_the_sockets_of_a_connection_that_does_not_close_are_aborted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    viewer = LoopbackViewer()
    connection = Connection(IceSettings(), lambda state: None)
    sender = VideoSender(connection, Transmitter())
    await sender.negotiate(read_offer(await viewer.offer(), "sendonly"), ("h264",))
    sender.send(ViewerVideo(), 31, lambda: None)
    answer = await connection.answer()
    port = int(answer.split("m=video ")[1].split()[0])
    monkeypatch.setattr("streams.webrtc.connection.CLOSE_LIMIT_S", 0.01)
    with monkeypatch.context() as patched:

        async def stuck(_: StunProtocol) -> None:
            await asyncio.get_running_loop().create_future()

        patched.setattr(StunProtocol, "close", stuck)
        await connection.close()
    assert "does not close" in caplog.text
    await asyncio.sleep(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", port))
    await viewer.close()
    assert CLOSE_LIMIT_S > 1


async def answered_publisher() -> tuple[RTCPeerConnection, Connection, str]:
    """Return a peer that publishes a video, the connection that is to receive it, and the answer to the peer."""
    publisher = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    publisher.addTrack(VideoStreamTrack())
    await publisher.setLocalDescription(await publisher.createOffer())
    connection = Connection(IceSettings(), lambda state: None)
    connection.add_video("recvonly")
    await connection.accept(read_offer(publisher.localDescription.sdp, "recvonly"))
    return publisher, connection, await connection.answer()


async def test_a_connection_receives_what_a_peer_publishes() -> None:
    before = asyncio.all_tasks()
    publisher, connection, answer = await answered_publisher()
    assert "a=recvonly" in answer.split("m=video")[1]
    await publisher.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    async with asyncio.timeout(20):
        frame = await connection._transceivers[0].receiver.track.recv()
    assert isinstance(frame, VideoFrame)
    assert (frame.width, frame.height, connection.state) == (640, 480, "connected")
    await connection.close()
    await publisher.close()
    assert asyncio.all_tasks() <= before


GARBAGE = (b"", b"\x80", b"\x00", b"\x16\xfe\xfd" + bytes(60), bytes(40), b"\x80\xc8" + bytes(40))


async def test_datagrams_of_strangers_and_empty_ones_end_no_connection(caplog: pytest.LogCaptureFixture) -> None:
    publisher, connection, answer = await answered_publisher()
    address = ("127.0.0.1", int(answer.split("m=video ")[1].split()[0]))
    await publisher.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    track = connection._transceivers[0].receiver.track
    own = ice_of(publisher.getSenders()[0].transport.transport)._protocols[0].transport.get_extra_info("socket")
    async with asyncio.timeout(20):
        frame = await track.recv()
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
            socket.socket(fileno=os.dup(own.fileno())) as peer,
        ):
            for sender in (stranger, peer):
                for datagram in GARBAGE:
                    sender.sendto(datagram, address)
        while not frame.pts or frame.pts < 90_000:
            frame = await track.recv()
    assert connection.state == "connected"
    assert not caplog.records
    await connection.close()
    await publisher.close()


async def test_nothing_of_strangers_is_kept_until_the_peer_connects() -> None:
    publisher, connection, _ = await answered_publisher()
    ice = ice_of(connection._transceivers[0].receiver.transport.transport)
    for datagram in GARBAGE:
        ice._protocols[0].datagram_received(datagram, ("203.0.113.9", 5000))
    assert ice._queue.empty()
    await connection.close()
    await publisher.close()


def parts(connection: Connection) -> list[weakref.ref[object]]:
    """Return weak references to a connection and to the objects of aiortc and aioice that it is made of."""
    peer = connection._connection
    found: list[object] = [connection, peer]
    for transceiver in peer.getTransceivers():
        transport = transceiver.sender.transport
        found += [transceiver, transceiver.sender, transceiver.receiver, transport, transport.transport]
        found.append(ice_of(transport.transport))
    if peer.sctp is not None:
        found += [peer.sctp, peer.sctp.transport]
    return [weakref.ref(part) for part in found]


@pytest.mark.parametrize("closed_when", ["answered", "coming up", "connected"])
async def test_a_closed_connection_is_freed_without_the_garbage_collector(closed_when: str) -> None:
    viewer = LoopbackViewer(audio=True)
    viewer.connection.createDataChannel("chat")
    connected = asyncio.Event()
    connection = Connection(IceSettings(), lambda state: connected.set() if state == "connected" else None)
    sender = VideoSender(connection, Transmitter())
    await sender.negotiate(read_offer(await viewer.offer(), "sendonly"), ("h264",))
    sender.send(ViewerVideo(), 31, lambda: None)
    answer = await connection.answer()
    if closed_when != "answered":
        await viewer.accept(answer)
        await (connected if closed_when == "connected" else viewer.connected).wait()
    with no_collection():
        made = parts(connection)
        await connection.close()
        del connection, sender
        await asyncio.sleep(0)  # the last callbacks of its tasks
        assert [part() for part in made if part() is not None] == []
    await viewer.close()
