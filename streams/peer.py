"""One viewer's peer connection, and everything that reaches into aiortc behind its public names.

What is reached for, and why, stands here only; :func:`self_test` looks for all of it when the program starts.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import aiortc
from aioice import Connection
from aiortc import (
    RTCCertificate,
    RTCConfiguration,
    RTCIceTransport,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.exceptions import OperationError
from aiortc.rtp import RtcpRrPacket, RtcpSrPacket
from aiortc.sdp import candidate_from_sdp

from .codecs import CodecName
from .errors import OfferError
from .ice import IceSettings, gather_as_set
from .sdp import MOST_CANDIDATES, Offer, finish_answer, is_of_use
from .track import PacketTrack

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S = 3.0
"""How long saying goodbye to a viewer may take."""

_MIME = {"h264": "video/h264", "vp8": "video/vp8"}

# What aiortc raises when an SDP is not what it expects.
_REFUSALS = (ValueError, AssertionError, LookupError, AttributeError, TypeError)

_CERTIFICATES = "_RTCPeerConnection__certificates"
_RTT = "_RTCRtpSender__rtt"

# aiortc offers ECDSA only, so a peer with an RSA certificate (GStreamer has one) finds "no shared cipher".
_CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:"
    b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA"
)


class OpenCertificate(RTCCertificate):
    """Our certificate, for connections with peers whose own may be ECDSA or RSA."""

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> Any:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(_CIPHERS)
        return context


class Peer:
    """A viewer's end of the line, from its offer until it is closed.

    ``negotiate`` says which codec it is going to be, then ``answer`` connects a track. Everything here runs in the
    event loop.

    Attributes:
        heard_at: When the viewer was last heard of, on the monotonic clock: an ICE check of its, or an RTCP report.
        loss: Share of packets lost, as the viewer last reported; ``None`` before it has.
    """

    def __init__(
        self,
        ice: IceSettings,
        on_state: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.heard_at = monotonic()
        self.loss: float | None = None
        self._ice = ice
        self._monotonic = monotonic
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=list(ice.servers)))
        made = getattr(self._connection, _CERTIFICATES)
        _private_set(self._connection, _CERTIFICATES, [OpenCertificate(each._key, each._cert) for each in made])
        self._connection.on("connectionstatechange", lambda: on_state(self.state))
        self._transceiver = self._connection.addTransceiver("video", direction="sendonly")
        self._offer: Offer | None = None
        self._candidates = 0

    @property
    def state(self) -> str:
        """``new``, ``connecting``, ``connected``, ``failed`` or ``closed``."""
        return str(self._connection.connectionState)

    @property
    def rtt_ms(self) -> float | None:
        """Round-trip time to the viewer and back in milliseconds; ``None`` before its first report."""
        seconds = getattr(self._sender, _RTT, None)
        return None if seconds is None else round(1000 * seconds, 1)

    async def negotiate(self, offer: Offer, codecs: Sequence[CodecName]) -> CodecName:
        """Take an offer and return the first of our codecs that the viewer has too.

        Raises:
            OfferError: 406 when there is none, 400 when aiortc refuses the offer.
        """
        capabilities = RTCRtpSender.getCapabilities("video").codecs
        # aiortc reads the preferences inside setRemoteDescription; afterwards they do nothing.
        preferred = [c for name in codecs for c in capabilities if c.mimeType.lower() == _MIME[name]]
        self._transceiver.setCodecPreferences(preferred + [c for c in capabilities if c.name.lower() == "rtx"])
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(offer.text, "offer"))
        except OperationError as error:
            raise OfferError(406, f"no common codec: {' and '.join(codecs)} can be had here") from error
        except _REFUSALS as error:
            raise OfferError(400, f"the offer is refused: {error or type(error).__name__}") from error
        for transceiver in self._connection.getTransceivers():
            if transceiver is not self._transceiver:
                transceiver.direction = "inactive"
        self._offer = offer
        chosen = self._transceiver._codecs[0].mimeType.lower()
        return next(name for name in codecs if _MIME[name] == chosen)

    async def answer(self, track: PacketTrack, level: int, ask_key_frame: Callable[[], object]) -> str:
        """Connect a track and return the answer, with all our candidates in it.

        Raises:
            OfferError: 503 when no UDP port is to be had, 400 when aiortc has no answer to the offer.
        """
        assert self._offer is not None
        self._sender.replaceTrack(track)
        self._hook(ask_key_frame)
        for transport in self._ice_transports():
            gather_as_set(transport.iceGatherer._connection, self._ice)
        try:
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except _REFUSALS as error:
            raise OfferError(400, f"the offer cannot be answered: {error or type(error).__name__}") from error
        if not self._ice_transport.iceGatherer.getLocalCandidates():
            raise OfferError(503, "no UDP port is free for one more viewer")
        return finish_answer(self._connection.localDescription.sdp, self._offer, level)

    async def add_candidate(self, line: str) -> None:
        """Take one more candidate of the viewer, as in an SDP after ``a=candidate:``; too many are let pass.

        Raises:
            OfferError: 400 when it is none.
        """
        if not is_of_use(line) or self._candidates >= MOST_CANDIDATES:
            return
        try:
            candidate = candidate_from_sdp(line)
        except (AssertionError, ValueError, IndexError) as error:
            raise OfferError(400, f"not a candidate: {line[:100]!r}") from error
        self._candidates += 1
        if candidate.component == 1:
            await self._ice_transport.addRemoteCandidate(candidate)

    async def close(self) -> None:
        """Say goodbye and let go of sockets and tasks, within a limit. Harmless when called twice."""
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._connection.close()
        except TimeoutError:
            logger.warning("a viewer's connection does not close; its sockets are closed all the same")
            for transport in self._ice_transports():
                for protocol in list(transport.iceGatherer._connection._protocols):
                    protocol.transport.abort()
        await self._end_tasks()

    @property
    def _sender(self) -> RTCRtpSender:
        return self._transceiver.sender

    @property
    def _ice_transport(self) -> RTCIceTransport:
        return self._sender.transport.transport

    def _ice_transports(self) -> set[RTCIceTransport]:
        transports = {t.receiver.transport.transport for t in self._connection.getTransceivers()}
        if self._connection.sctp is not None:
            transports.add(self._connection.sctp.transport.transport)
        return transports

    def _hook(self, ask_key_frame: Callable[[], object]) -> None:
        """Hear what the viewer sends: aiortc keeps its requests for key frames, and its signs of life, to itself."""
        sender, connection = self._sender, self._ice_transport.iceGatherer._connection
        handle_rtcp, check_incoming = sender._handle_rtcp_packet, connection.check_incoming
        handle_data = sender.transport._handle_rtcp_data

        async def heard_data(data: bytes) -> None:
            self.heard_at = self._monotonic()
            await handle_data(data)

        async def heard_rtcp(packet: Any) -> None:
            if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
                for report in packet.reports:
                    if report.ssrc == sender._ssrc:
                        self.loss = round(report.fraction_lost / 256, 3)
            await handle_rtcp(packet)

        def heard_check(*arguments: Any) -> None:
            self.heard_at = self._monotonic()
            check_incoming(*arguments)

        _private_set(sender.transport, "_handle_rtcp_data", heard_data)
        _private_set(sender, "_handle_rtcp_packet", heard_rtcp)
        _private_set(sender, "_send_keyframe", ask_key_frame)
        _private_set(connection, "check_incoming", heard_check)

    async def _end_tasks(self) -> None:
        """Wait for the tasks that aiortc starts to connect and then forgets; a closed connection ends them soon."""
        owners = (self._connection, self._sender)
        tasks = {task for task in asyncio.all_tasks() if _works_for(task, owners)}
        if not tasks:
            return
        _, pending = await asyncio.wait(tasks, timeout=CLOSE_LIMIT_S)
        for task in pending:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                logger.debug("a viewer's connection ended with %r", result)


def self_test() -> None:
    """Look for everything private that this room uses. To be called in the event loop.

    Raises:
        RuntimeError: naming what this version of aiortc or aioice does not have.
    """
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    transceiver = connection.addTransceiver("video", direction="sendonly")
    sender, certificate = transceiver.sender, RTCCertificate.generateCertificate()
    ice = sender.transport.transport.iceGatherer._connection
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
    missing = [f"{type(owner).__name__}.{name}" for owner, name in wanted if not hasattr(owner, name)]
    parameters = list(inspect.signature(Connection.get_component_candidates).parameters)
    if parameters != ["self", "component", "addresses", "timeout"]:
        missing.append("Connection.get_component_candidates(component, addresses, timeout)")
    if missing:
        raise RuntimeError(f"aiortc {aiortc.__version__} cannot be used: it has no {', '.join(missing)}")


def _private_set(owner: Any, name: str, value: object) -> None:
    """Replace something private on one object, never on a class."""
    setattr(owner, name, value)


def _works_for(task: asyncio.Task[Any], owners: tuple[object, ...]) -> bool:
    frame = getattr(task.get_coro(), "cr_frame", None)
    return frame is not None and any(frame.f_locals.get("self") is owner for owner in owners)
