from __future__ import annotations

import asyncio
import socket

import pytest
from aioice.ice import StunProtocol

from streams.webrtc.connection import CLOSE_LIMIT_S, Connection
from streams.webrtc.ice import IceSettings
from streams.webrtc.sdp import read_offer
from streams.webrtc.sender import VideoSender
from streams.webrtc.track import PacketTrack
from tests.streams.fakes import LoopbackViewer

pytestmark = pytest.mark.anyio


async def test_a_connection_that_does_not_close_loses_its_sockets(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    viewer = LoopbackViewer()
    connection = Connection(IceSettings(), lambda state: None)
    sender = VideoSender(connection)
    await sender.negotiate(read_offer(await viewer.offer()), ("h264",))
    sender.send(PacketTrack(), lambda: None)
    answer = await connection.answer(31)
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
