"""One viewer's peer connection: what aiortc's own does, and what it leaves out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from aiortc import (
    RTCConfiguration,
    RTCIceTransport,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.exceptions import OperationError
from aiortc.sdp import candidate_from_sdp

from .codecs import CodecName
from .errors import OfferError
from .ice import IceSettings, gather_as_set
from .inside import accept_rsa, chosen_mime_type, cut_off, end_tasks, hear, ice_of, rtt_s
from .sdp import MOST_CANDIDATES, Offer, finish_answer, is_of_use
from .track import PacketTrack

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S = 3.0
"""How long saying goodbye to a viewer may take."""

_MIME = {"h264": "video/h264", "vp8": "video/vp8"}

# What aiortc raises when an SDP is not what it expects.
_REFUSALS = (ValueError, AssertionError, LookupError, AttributeError, TypeError)


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
        accept_rsa(self._connection)
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
        seconds = rtt_s(self._sender)
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
        chosen = chosen_mime_type(self._transceiver)
        return next(name for name in codecs if _MIME[name] == chosen)

    async def answer(self, track: PacketTrack, level: int, ask_key_frame: Callable[[], object]) -> str:
        """Connect a track and return the answer, with all our candidates in it.

        Raises:
            OfferError: 503 when no UDP port is to be had, 400 when aiortc has no answer to the offer.
        """
        assert self._offer is not None
        self._sender.replaceTrack(track)
        hear(self._sender, self._on_life, self._on_loss, ask_key_frame)
        for transport in self._ice_transports():
            gather_as_set(ice_of(transport), self._ice)
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
                cut_off(transport)
        await end_tasks(self._connection, self._sender, CLOSE_LIMIT_S)

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

    def _on_life(self) -> None:
        self.heard_at = self._monotonic()

    def _on_loss(self, share: float) -> None:
        self.loss = round(share, 3)
