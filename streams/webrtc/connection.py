"""One peer connection: offer and answer, candidates, signs of life, and its end; what it carries is others' work."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from aiortc import RTCConfiguration, RTCIceTransport, RTCPeerConnection, RTCRtpTransceiver, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from .errors import InvalidSdp, NoConnection
from .ice import IceSettings, gather_as_set
from .inside import accept_rsa, cut_off, end_tasks, hear_peer, ice_of
from .sdp import MOST_CANDIDATES, Direction, FinishVideo, Offer, finish_answer, is_of_use

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S = 3.0
"""How long saying goodbye to a peer may take."""

# What aiortc raises when an SDP is not what it expects.
_REFUSALS = (ValueError, AssertionError, LookupError, AttributeError, TypeError)


class Connection:
    """Our end of a connection whose offer a peer makes, from that offer until it is closed.

    What is to be sent or received adds its transceiver first (``sender.py``); then :meth:`accept` takes the offer and
    :meth:`answer` answers it. Everything here runs in the event loop.

    Args:
        ice: How peers reach this machine.
        on_state: Called with each new :attr:`state`.
        monotonic: Seconds of a clock that never jumps.

    Attributes:
        heard_at: When the peer was last heard of, on the monotonic clock: an ICE check of its, or an RTCP datagram.
    """

    def __init__(
        self,
        ice: IceSettings,
        on_state: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.heard_at = monotonic()
        self._ice = ice
        self._monotonic = monotonic
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=list(ice.servers)))
        accept_rsa(self._connection)
        self._connection.on("connectionstatechange", lambda: on_state(self.state))
        self._transceivers: list[RTCRtpTransceiver] = []
        self._finish_video: FinishVideo | None = None
        self._offer: Offer | None = None
        self._candidates = 0

    @property
    def state(self) -> str:
        """``new``, ``connecting``, ``connected``, ``failed`` or ``closed``."""
        return str(self._connection.connectionState)

    def add_video(self, direction: Direction, finish: FinishVideo | None = None) -> RTCRtpTransceiver:
        """Return the transceiver of the one video that the connection carries; before the offer is accepted.

        Args:
            direction: Which way it goes; the offer is read for the same (:func:`read_offer`).
            finish: Gives the media line of the answer as it is to leave; as aiortc writes it by default.
        """
        self._finish_video = finish
        transceiver = self._connection.addTransceiver("video", direction=direction)
        self._transceivers.append(transceiver)
        return transceiver

    async def accept(self, offer: Offer) -> None:
        """Take an offer; its media lines that no transceiver was added for stay silent.

        Raises:
            OperationError: when a transceiver and the peer have no codec in common.
            InvalidSdp: when aiortc refuses the offer.
        """
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(offer.text, "offer"))
        except _REFUSALS as error:
            raise InvalidSdp(f"the offer is refused: {error or type(error).__name__}") from error
        for transceiver in self._connection.getTransceivers():
            if transceiver not in self._transceivers:
                transceiver.direction = "inactive"
        self._offer = offer

    async def answer(self) -> str:
        """Return the answer to the accepted offer, with all our candidates in it.

        Raises:
            NoConnection: when no UDP port is to be had.
            InvalidSdp: when aiortc has no answer to the offer.
        """
        assert self._offer is not None
        for transceiver in self._transceivers:
            hear_peer(transceiver.sender.transport, self._on_life)
        for transport in self._ice_transports():
            gather_as_set(ice_of(transport), self._ice)
        try:
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except _REFUSALS as error:
            raise InvalidSdp(f"the offer cannot be answered: {error or type(error).__name__}") from error
        if not self._ice_transport.iceGatherer.getLocalCandidates():
            raise NoConnection("no UDP port is free for one more connection")
        return finish_answer(self._connection.localDescription.sdp, self._offer, self._finish_video)

    async def add_candidate(self, line: str) -> None:
        """Take one more candidate of the peer, as in an SDP after ``a=candidate:``; too many are let pass.

        Raises:
            InvalidSdp: when it is none.
        """
        if not is_of_use(line) or self._candidates >= MOST_CANDIDATES:
            return
        try:
            candidate = candidate_from_sdp(line)
        except (AssertionError, ValueError, IndexError) as error:
            raise InvalidSdp(f"not a candidate: {line[:100]!r}") from error
        self._candidates += 1
        if candidate.component == 1:
            await self._ice_transport.addRemoteCandidate(candidate)

    async def close(self) -> None:
        """Say goodbye and let go of sockets and tasks, within a limit. Harmless when called twice."""
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._connection.close()
        except TimeoutError:
            logger.warning("a peer connection does not close; its sockets are closed all the same")
            for transport in self._ice_transports():
                cut_off(transport)
        ends = (end for transceiver in self._transceivers for end in (transceiver.sender, transceiver.receiver))
        await end_tasks((self._connection, *ends), CLOSE_LIMIT_S)

    @property
    def _ice_transport(self) -> RTCIceTransport:
        return self._transceivers[0].sender.transport.transport

    def _ice_transports(self) -> set[RTCIceTransport]:
        transports = {t.receiver.transport.transport for t in self._connection.getTransceivers()}
        if self._connection.sctp is not None:
            transports.add(self._connection.sctp.transport.transport)
        return transports

    def _on_life(self) -> None:
        self.heard_at = self._monotonic()
