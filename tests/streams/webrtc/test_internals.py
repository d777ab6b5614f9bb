"""The self-test for private attributes of aiortc."""

from __future__ import annotations

import struct
from typing import Any

import aiortc
import pytest

from streams.webrtc.internals import ice_of, observe_peer, self_test

pytestmark = pytest.mark.anyio


async def test_the_installed_aiortc_has_every_private_attribute() -> None:
    self_test()


async def test_the_error_names_a_missing_attribute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(aiortc.RTCRtpSender, "_run_rtcp")
    with pytest.raises(RuntimeError) as caught:
        self_test()
    assert str(caught.value) == f"aiortc {aiortc.__version__} cannot be used: it has no RTCRtpSender._run_rtcp"


async def test_rtcp_and_ice_checks_count_as_activity() -> None:
    connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    transport = connection.addTransceiver("video").sender.transport
    signs: list[str] = []
    passed_on: list[object] = []

    async def handle(data: bytes) -> None:
        passed_on.append(data)

    ice: Any = ice_of(transport.transport)
    setattr(transport, "_handle_rtcp_data", handle)  # noqa: B010  # mypy forbids assigning a method
    ice.check_incoming = lambda *arguments: passed_on.append(arguments)
    observe_peer(transport, lambda: signs.append("alive"))
    await transport._handle_rtcp_data(b"report")
    ice.check_incoming("message", ("192.0.2.1", 9), "protocol")
    assert (signs, passed_on) == (["alive", "alive"], [b"report", ("message", ("192.0.2.1", 9), "protocol")])
    await connection.close()


@pytest.mark.parametrize("fci", [b"REMB\x05\0\0\0", b"XXXX\x01\0\0\0", b"REM"])
async def test_malformed_rtcp_does_not_end_the_connection(fci: bytes) -> None:
    connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    transport = connection.addTransceiver("video").sender.transport
    observe_peer(transport, lambda: None)
    words = 2 + -(-len(fci) // 4)
    feedback = struct.pack("!BBHLL", 0x80 | 15, 206, words, 1, 0) + fci.ljust(4 * (words - 2), b"\0")
    await transport._handle_rtcp_data(feedback)
    for first in (0x90, 0xB0, 0x8F):  # with an extension or sources that are not there
        await transport._handle_rtp_data(bytes([first, 96]) + bytes(10), arrival_time_ms=0)
    await connection.close()
