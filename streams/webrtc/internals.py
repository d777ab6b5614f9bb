"""All use of aiortc's private attributes, with the reasons; :func:`self_test` checks at startup that they exist.

The private attributes of aioice are used in ``ice.py``, and checked here too.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aioice import Connection
from aiortc import (
    RTCCertificate,
    RTCConfiguration,
    RTCDataChannel,
    RTCDtlsTransport,
    RTCIceTransport,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSctpTransport,
)
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)
from pylibsrtp import Session

from cameras import require_internals, sets_attribute

from ..rtp import PACKET_MAX, Path, RelayPath, Repeats, SocketPath, goodbye
from ..rtp import self_test as rtp_self_test

logger = logging.getLogger(__name__)

_CERTIFICATES = "_RTCPeerConnection__certificates"
_SENDER = "_RTCRtpSender__"
_SENDER_ATTRIBUTES = ("cname", "rtx_payload_type", "rtp_started", "rtp_exited", "rtcp_started", "rtcp_exited")

_FIRST_REPORT_S = 0.2
"""Time of the first sender report: from then on the viewer knows when each picture was captured."""

_EARLY_REPORTS, _EARLY_INTERVAL_S = 4, 1.0
"""So many reports come at short intervals: a viewer needs some to know the clock of the server."""

_REPORT_INTERVAL_S = 5.0
"""Mean interval of all further ones: the least that RFC 3550 recommends (section 6.2)."""

INITIAL_WINDOW = 14_600
"""Bytes that may be on their way before the first one is acknowledged: as much as TCP has (RFC 6928)."""

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


@dataclass(frozen=True)
class Outgoing:
    """What a sender has negotiated, once its connection is up.

    Attributes:
        session: The outgoing SRTP session.
        tag_bytes: Bytes that it appends to each packet.
        payload_type: Payload type of the packets.
        source: Their SSRC.
        name: The canonical name of the source.
        repeats: How packets are sent again; ``None`` without RTX.
        path: Returns the present way to the peer; ``None`` where there is none.
    """

    session: Session
    tag_bytes: int
    payload_type: int
    source: int
    name: bytes
    repeats: Repeats | None
    path: Callable[[], Path | None]


class Sending(Protocol):
    """Sends the packets of a sender in place of aiortc, and takes the reports of the peer."""

    def begin(self, outgoing: Outgoing) -> None:
        """Begin to send: the connection is up."""

    def report(self) -> bytes | None:
        """Return a sender report, as plain RTCP; ``None`` if there is nothing to report."""

    def on_report(self, share_lost: float, last_report: int, delay: int) -> None:
        """Take a reception report: the share of packets lost (0 to 1), and LSR and DLSR as in RFC 3550."""

    def on_missing(self, numbers: Sequence[int]) -> None:
        """Take the sequence numbers of packets that the peer has missed (NACK)."""

    def on_key_frame_request(self) -> None:
        """Take a PLI or FIR."""

    def on_estimate(self, bits_per_second: int) -> None:
        """Take the peer's estimate of what the network can carry (REMB)."""


def replace_sending(sender: RTCRtpSender, sending: Sending) -> None:
    """Send the packets of a sender by other means, on this object only: aiortc keeps ICE, DTLS and reading RTCP.

    Call it before the connection comes up.
    """
    transport = sender.transport
    path = _path_of(ice_of(transport.transport))

    async def run_rtp(codec: Any) -> None:
        _get(sender, "rtp_started").set()
        try:
            sending.begin(_outgoing(sender, transport, codec.payloadType, path))
            await asyncio.Event().wait()
        except asyncio.CancelledError:  # the end; raised, it would hold the sender in its task
            pass
        finally:
            _get(sender, "rtp_exited").set()

    async def run_rtcp() -> None:
        _get(sender, "rtcp_started").set()
        wait_s, number = _FIRST_REPORT_S, 0
        try:
            while True:
                await asyncio.sleep(wait_s)
                report = sending.report()
                if report is not None:
                    send(report)
                    number += 1
                    interval_s = _EARLY_INTERVAL_S if number < _EARLY_REPORTS else _REPORT_INTERVAL_S
                    # RFC 3550, section 6.3.1: not in step with others.
                    wait_s = interval_s * (0.5 + random.random())
        except asyncio.CancelledError:
            pass
        finally:
            try:
                send(goodbye(sender._ssrc))
            finally:  # aiortc waits for it
                _get(sender, "rtcp_exited").set()

    def send(plain: bytes) -> None:
        # Not through aiortc: six awaits for each report of each viewer.
        way = path()
        if way is not None:
            way.send(memoryview(transport._tx_srtp.protect_rtcp(plain)), PACKET_MAX)

    async def handled_rtcp(packet: Any) -> None:
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for report in packet.reports:
                if report.ssrc == sender._ssrc:
                    sending.on_report(report.fraction_lost / 256, report.lsr, report.dlsr)
        elif isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            sending.on_missing(packet.lost)
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt in (RTCP_PSFB_FIR, RTCP_PSFB_PLI):
            sending.on_key_frame_request()
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            with contextlib.suppress(ValueError):  # not an estimate
                sending.on_estimate(unpack_remb_fci(packet.fci)[0])

    _set(sender, "_run_rtp", run_rtp)
    _set(sender, "_run_rtcp", run_rtcp)
    _set(sender, "_handle_rtcp_packet", handled_rtcp)


def _outgoing(
    sender: RTCRtpSender, transport: RTCDtlsTransport, payload_type: int, path: Callable[[], Path | None]
) -> Outgoing:
    repeated = _get(sender, "rtx_payload_type")
    # The two kinds that aiortc negotiates: AES-GCM, and AES-CM with HMAC-SHA1-80.
    assert transport._ssl is not None
    tag_bytes = 16 if b"AEAD" in transport._ssl.get_selected_srtp_profile() else 10
    return Outgoing(
        transport._tx_srtp,
        tag_bytes,
        payload_type,
        sender._ssrc,
        (_get(sender, "cname") or "").encode(),
        None if repeated is None else Repeats(repeated, sender._rtx_ssrc),
        path,
    )


def _path_of(connection: Connection) -> Callable[[], Path | None]:
    """Return a function that returns the way to the peer; ICE may choose another one at any time."""
    nominated = connection._nominated
    last: Any = None
    path: Path | None = None

    def present() -> Path | None:
        nonlocal last, path
        pair = nominated.get(1)
        if pair is not last:
            last, path = pair, None if pair is None else _path(pair.protocol, pair.remote_addr)
        return path

    return present


def _path(protocol: Any, address: tuple[Any, ...]) -> Path:
    udp = getattr(protocol, "udp", None)
    if udp is None:  # a TURN server
        return RelayPath(lambda packet: protocol.transport.sendto(packet, address))
    return SocketPath(udp, address)


def widen(channel: RTCDataChannel) -> None:
    """Let the first messages of a data channel leave together: with ``INITIAL_WINDOW``, where aiortc has a third."""
    sctp = channel.transport
    sctp._cwnd = max(sctp._cwnd, INITIAL_WINDOW)


def has_room(channel: RTCDataChannel) -> bool:
    """Return whether a message would leave at once: nothing before it waits for the peer, or for its network.

    What was sent in this turn of the event loop is still buffered, and leaves in the next one.
    """
    sctp = channel.transport
    return not sctp._outbound_queue and channel.bufferedAmount + sctp._flight_size < sctp._cwnd


def break_cycles(connection: RTCPeerConnection) -> None:
    """Remove all hooks and listeners of a closed connection, so that its memory is free as soon as nobody uses it.

    Otherwise the garbage collector has to find it, which stops the event loop for a long time.
    """
    transports = set[RTCDtlsTransport]()
    for transceiver in connection.getTransceivers():
        sender, receiver = transceiver.sender, transceiver.receiver
        _remove_hooks(sender, "_handle_rtcp_packet", "_run_rtp", "_run_rtcp")
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
        *((sender, _SENDER + name) for name in _SENDER_ATTRIBUTES),
        (sender, "_handle_rtcp_packet"),
        (sender, "_run_rtp"),
        (sender, "_run_rtcp"),
        (sender, "_rtx_ssrc"),
        (sender.transport, "_handle_rtcp_data"),
        (sender.transport, "_handle_rtp_data"),
        (sender.transport, "_unregister_rtp_sender"),
        (sender.transport, "_unregister_rtp_receiver"),
        (sender.transport, "_tx_srtp"),
        (sender, "_ssrc"),
        (ice, "_check_list"),
        (ice, "_early_checks"),
        (ice, "check_incoming"),
        (ice, "data_received"),
        (ice, "get_component_candidates"),
        (ice, "_nominated"),
        (ice, "_protocols"),
        (ice, "_transport_policy"),
    ]
    missing: list[str] = []
    parameters = list(inspect.signature(Connection.get_component_candidates).parameters)
    if parameters != ["self", "component", "addresses", "timeout"]:
        missing.append("Connection.get_component_candidates(component, addresses, timeout)")
    if not sets_attribute(RTCDtlsTransport.start, "_ssl"):
        missing.append("RTCDtlsTransport._ssl")
    missing += [
        f"RTCSctpTransport.{name}"
        for name in ("_outbound_queue", "_flight_size", "_cwnd")
        if not sets_attribute(RTCSctpTransport.__init__, name)
    ]
    require_internals("aiortc", wanted, missing=missing)
    rtp_self_test()


def _set(owner: Any, name: str, value: object) -> None:
    """Replace a private attribute on one object, never on a class."""
    setattr(owner, name, value)


def _get(sender: RTCRtpSender, name: str) -> Any:
    return getattr(sender, _SENDER + name)


def _remove_hooks(owner: object, *names: str) -> None:
    """Restore the private methods of one object that :func:`_set` has replaced."""
    for name in names:
        vars(owner).pop(name, None)


def _works_for(task: asyncio.Task[Any], owners: tuple[object, ...]) -> bool:
    frame = getattr(task.get_coro(), "cr_frame", None)
    if frame is None:
        return False
    worker = frame.f_locals.get("self", frame.f_locals.get("sender"))  # the latter in the tasks of replace_sending
    return any(worker is owner for owner in owners)
