"""All use of aiortc's private attributes, with the reasons; :func:`self_test` checks at startup that they exist.

The private attributes of aioice are used in ``ice.py``, and checked here too.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import struct
from collections.abc import Callable, Iterator
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

# aiortc offers ECDSA only, so a peer with an RSA certificate (GStreamer's default) fails with "no shared cipher".
_CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:"
    b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA"
)


class _EcdsaOrRsaCertificate(RTCCertificate):
    """Our certificate, for connections to peers with an ECDSA or an RSA certificate."""

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> Any:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(_CIPHERS)
        return context


def accept_rsa(connection: RTCPeerConnection) -> None:
    """Let a new connection accept peers with RSA certificates, besides ECDSA."""
    made = getattr(connection, _CERTIFICATES)
    _set(connection, _CERTIFICATES, [_EcdsaOrRsaCertificate(each._key, each._cert) for each in made])


def chosen_mime_type(transceiver: RTCRtpTransceiver) -> str:
    """Return the MIME type that a transceiver will send, in lower case; once the remote description is set."""
    return str(transceiver._codecs[0].mimeType.lower())


def rtt_s(sender: RTCRtpSender) -> float | None:
    """Return the round-trip time in seconds from the viewer's last report; ``None`` before the first."""
    seconds: float | None = getattr(sender, _RTT, None)
    return seconds


def ice_of(transport: RTCIceTransport) -> Connection:
    """Return the aioice connection of a transport."""
    return transport.iceGatherer._connection


def observe_peer(transport: RTCDtlsTransport, on_activity: Callable[[], None]) -> None:
    """Call a function for each ICE check and each RTCP datagram of the peer, which aiortc does not report.

    RTP and RTCP that aiortc cannot parse is dropped: for some of it, aiortc would log a traceback and close the
    connection. The hooks are on this transport only.
    """
    connection = ice_of(transport.transport)
    check_incoming = connection.check_incoming
    handle_rtcp, handle_rtp = transport._handle_rtcp_data, transport._handle_rtp_data

    async def observed_data(data: bytes) -> None:
        on_activity()
        with _malformed_dropped():
            await handle_rtcp(data)

    async def handled_rtp(data: bytes, arrival_time_ms: int) -> None:
        with _malformed_dropped():
            await handle_rtp(data, arrival_time_ms=arrival_time_ms)

    def observed_check(*arguments: Any) -> None:
        on_activity()
        check_incoming(*arguments)

    _set(transport, "_handle_rtcp_data", observed_data)
    _set(transport, "_handle_rtp_data", handled_rtp)
    _set(connection, "check_incoming", observed_check)


@contextlib.contextmanager
def _malformed_dropped() -> Iterator[None]:
    try:
        yield
    except (ValueError, IndexError, struct.error) as error:
        logger.debug("a packet of a peer is malformed: %s", error)


def observe_viewer(
    sender: RTCRtpSender, on_loss: Callable[[float], None], on_key_frame_request: Callable[[], object]
) -> None:
    """Call functions for a viewer's reception reports and key frame requests.

    Args:
        sender: The sender to the viewer; the hook is on this object only.
        on_loss: Called with the share of packets lost (0 to 1), for each report.
        on_key_frame_request: Called for PLI and FIR. aiortc's own handler has no effect on packets encoded elsewhere.
    """
    handle_rtcp = sender._handle_rtcp_packet

    async def observed_rtcp(packet: Any) -> None:
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for report in packet.reports:
                if report.ssrc == sender._ssrc:
                    on_loss(report.fraction_lost / 256)
        await handle_rtcp(packet)

    _set(sender, "_handle_rtcp_packet", observed_rtcp)
    _set(sender, "_send_keyframe", on_key_frame_request)


def break_cycles(connection: RTCPeerConnection) -> None:
    """Remove all hooks and listeners of a closed connection, so that its memory is free as soon as nobody uses it.

    Otherwise the garbage collector has to find it, which stops the event loop for a long time.
    """
    transports = set[RTCDtlsTransport]()
    for transceiver in connection.getTransceivers():
        sender, receiver = transceiver.sender, transceiver.receiver
        _remove_hooks(sender, "_handle_rtcp_packet", "_send_keyframe")
        # A connection that is closed while it comes up starts them after it has stopped them.
        sender.transport._unregister_rtp_sender(sender)
        receiver.transport._unregister_rtp_receiver(receiver)
        transports |= {sender.transport, receiver.transport}
    if connection.sctp is not None:
        connection.sctp.remove_all_listeners()
        transports.add(connection.sctp.transport)
    for transport in transports:
        transport.remove_all_listeners()
        _remove_hooks(transport, "_handle_rtcp_data", "_handle_rtp_data")
        ice = ice_of(transport.transport)
        _remove_hooks(ice, "check_incoming", "data_received", "get_component_candidates")
        ice._check_list.clear()


def abort_sockets(transport: RTCIceTransport) -> None:
    """Abort the sockets of a connection that does not close."""
    for protocol in list(ice_of(transport)._protocols):
        protocol.transport.abort()


def tasks_of(*owners: object) -> set[asyncio.Task[Any]]:
    """Return the unfinished tasks that aiortc has started for connections, senders and receivers; it tracks few."""
    return {task for task in asyncio.all_tasks() if _works_for(task, owners)}


async def end_tasks(tasks: set[asyncio.Task[Any]], limit_s: float) -> None:
    """Wait for tasks of a closed connection, which end soon; after ``limit_s`` seconds they are cancelled."""
    if not tasks:
        return
    _, pending = await asyncio.wait(tasks, timeout=limit_s)
    for task in pending:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            logger.debug("a viewer's connection ended with %r", result)


def self_test() -> None:
    """Check that every private attribute that this package uses exists. Call it in the event loop.

    Raises:
        UnsuitableLibrary: The installed aiortc or aioice lacks some; the message names them.
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
        (sender.transport, "_handle_rtp_data"),
        (sender.transport, "_unregister_rtp_sender"),
        (sender.transport, "_unregister_rtp_receiver"),
        (sender, "_send_keyframe"),
        (sender, "_ssrc"),
        (ice, "_check_list"),
        (ice, "_early_checks"),
        (ice, "check_incoming"),
        (ice, "data_received"),
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
    """Replace a private attribute on one object, never on a class."""
    setattr(owner, name, value)


def _remove_hooks(owner: object, *names: str) -> None:
    """Restore the private methods of one object that :func:`_set` has replaced."""
    for name in names:
        vars(owner).pop(name, None)


def _works_for(task: asyncio.Task[Any], owners: tuple[object, ...]) -> bool:
    frame = getattr(task.get_coro(), "cr_frame", None)
    return frame is not None and any(frame.f_locals.get("self") is owner for owner in owners)
