"""Everything that reaches into aiortc behind its public names, and why; :func:`self_test` looks for it at the start.

(What of aioice is reached for stands in ``ice.py``, and is looked for here too.)
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any

from aioice import Connection
from aiortc import (
    RTCCertificate,
    RTCConfiguration,
    RTCDtlsTransport,
    RTCIceTransport,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
)
from aiortc.rtp import RtcpRrPacket, RtcpSrPacket

from cameras import require_internals

logger = logging.getLogger(__name__)

_CERTIFICATES = "_RTCPeerConnection__certificates"
_RTT = "_RTCRtpSender__rtt"

# aiortc offers ECDSA only, so a peer with an RSA certificate (GStreamer has one) finds "no shared cipher".
_CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:"
    b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA"
)


class _OpenCertificate(RTCCertificate):
    """Our certificate, for connections with peers whose own may be ECDSA or RSA."""

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> Any:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(_CIPHERS)
        return context


def accept_rsa(connection: RTCPeerConnection) -> None:
    """Let a connection that has only been made talk to peers with certificates of either kind."""
    made = getattr(connection, _CERTIFICATES)
    _set(connection, _CERTIFICATES, [_OpenCertificate(each._key, each._cert) for each in made])


def chosen_mime_type(transceiver: RTCRtpTransceiver) -> str:
    """Return the codec that a transceiver will send, in small letters; after the remote description is set."""
    return str(transceiver._codecs[0].mimeType.lower())


def rtt_s(sender: RTCRtpSender) -> float | None:
    """Return the round-trip time as the viewer's last report tells it; ``None`` before the first."""
    seconds: float | None = getattr(sender, _RTT, None)
    return seconds


def ice_of(transport: RTCIceTransport) -> Connection:
    """Return aioice's connection of a transport."""
    return transport.iceGatherer._connection


def hear_peer(transport: RTCDtlsTransport, on_life: Callable[[], None]) -> None:
    """Have something called for each ICE check and each RTCP datagram of the peer, which aiortc keeps to itself.

    Hooked on this transport only.
    """
    connection = ice_of(transport.transport)
    check_incoming, handle_data = connection.check_incoming, transport._handle_rtcp_data

    async def heard_data(data: bytes) -> None:
        on_life()
        await handle_data(data)

    def heard_check(*arguments: Any) -> None:
        on_life()
        check_incoming(*arguments)

    _set(transport, "_handle_rtcp_data", heard_data)
    _set(connection, "check_incoming", heard_check)


def hear_viewer(
    sender: RTCRtpSender, on_loss: Callable[[float], None], on_key_frame_request: Callable[[], object]
) -> None:
    """Hear what a viewer says of what it gets.

    Args:
        sender: What sends to the viewer; hooked on this object only.
        on_loss: Called with the share of packets lost, for each of its reports.
        on_key_frame_request: Called for PLI and FIR, in place of what aiortc does, which is nothing for our packets.
    """
    handle_rtcp = sender._handle_rtcp_packet

    async def heard_rtcp(packet: Any) -> None:
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for report in packet.reports:
                if report.ssrc == sender._ssrc:
                    on_loss(report.fraction_lost / 256)
        await handle_rtcp(packet)

    _set(sender, "_handle_rtcp_packet", heard_rtcp)
    _set(sender, "_send_keyframe", on_key_frame_request)


def cut_off(transport: RTCIceTransport) -> None:
    """Close the sockets of a connection that does not close."""
    for protocol in list(ice_of(transport)._protocols):
        protocol.transport.abort()


async def end_tasks(owners: tuple[object, ...], limit_s: float) -> None:
    """Wait for the tasks of connections, senders and receivers that aiortc starts and then forgets.

    Once closed they end soon.
    """
    tasks = {task for task in asyncio.all_tasks() if _works_for(task, owners)}
    if not tasks:
        return
    _, pending = await asyncio.wait(tasks, timeout=limit_s)
    for task in pending:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            logger.debug("a viewer's connection ended with %r", result)


def self_test() -> None:
    """Look for everything private that this room uses. To be called in the event loop.

    Raises:
        UnsuitableLibrary: naming what this version of aiortc or aioice does not have.
    """
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    transceiver = connection.addTransceiver("video", direction="sendonly")
    sender, certificate = transceiver.sender, RTCCertificate.generateCertificate()
    ice = ice_of(sender.transport.transport)
    wanted: list[tuple[object, str]] = [
        (connection, _CERTIFICATES),
        (RTCCertificate, "_create_ssl_context"),
        (certificate, "_key"),
        (certificate, "_cert"),
        (transceiver, "_codecs"),
        (sender, _RTT),
        (sender, "_handle_rtcp_packet"),
        (sender.transport, "_handle_rtcp_data"),
        (sender, "_send_keyframe"),
        (sender, "_ssrc"),
        (ice, "check_incoming"),
        (ice, "get_component_candidates"),
        (ice, "_protocols"),
        (ice, "_transport_policy"),
    ]
    missing: list[str] = []
    parameters = list(inspect.signature(Connection.get_component_candidates).parameters)
    if parameters != ["self", "component", "addresses", "timeout"]:
        missing.append("Connection.get_component_candidates(component, addresses, timeout)")
    require_internals("aiortc", wanted, missing=missing)


def _set(owner: Any, name: str, value: object) -> None:
    """Replace something private on one object, never on a class."""
    setattr(owner, name, value)


def _works_for(task: asyncio.Task[Any], owners: tuple[object, ...]) -> bool:
    frame = getattr(task.get_coro(), "cr_frame", None)
    return frame is not None and any(frame.f_locals.get("self") is owner for owner in owners)
