"""What is reached for inside aiortc is there, and missed by name."""

from __future__ import annotations

from typing import Any

import aiortc
import pytest

from streams.webrtc.inside import hear_peer, ice_of, self_test

pytestmark = pytest.mark.anyio


async def test_the_installed_aiortc_has_all_that_is_reached_for() -> None:
    self_test()


async def test_what_a_version_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(aiortc.RTCRtpSender, "_send_keyframe")
    with pytest.raises(RuntimeError) as caught:
        self_test()
    assert str(caught.value) == f"aiortc {aiortc.__version__} cannot be used: it has no RTCRtpSender._send_keyframe"


async def test_rtcp_and_ice_checks_are_signs_of_life() -> None:
    connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    transport = connection.addTransceiver("video").sender.transport
    signs: list[str] = []
    passed_on: list[object] = []

    async def handle(data: bytes) -> None:
        passed_on.append(data)

    ice: Any = ice_of(transport.transport)
    setattr(transport, "_handle_rtcp_data", handle)  # noqa: B010  # mypy forbids assigning a method
    ice.check_incoming = lambda *arguments: passed_on.append(arguments)
    hear_peer(transport, lambda: signs.append("alive"))
    await transport._handle_rtcp_data(b"report")
    ice.check_incoming("message", ("192.0.2.1", 9), "protocol")
    assert (signs, passed_on) == (["alive", "alive"], [b"report", ("message", ("192.0.2.1", 9), "protocol")])
    await connection.close()
