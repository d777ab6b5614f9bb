"""One peer connection: offer and answer, candidates, the peer's activity, and closing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceTransport,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.sdp import candidate_from_sdp

from ..viewing import NoConnection
from .errors import InvalidSdp
from .ice import IceSettings, restrict
from .internals import abort_sockets, accept_rsa, break_cycles, end_tasks, ice_of, observe_peer, tasks_of
from .sdp import Direction, FinishVideo, Offer, finish_answer

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S = 3.0
"""How long closing a connection may take."""

# The exceptions that aiortc raises for an SDP that it does not expect.
_REFUSALS = (ValueError, AssertionError, LookupError, AttributeError, TypeError)


class Connection:
    """The answering end of a peer connection, from the peer's offer until it is closed.

    A sender or receiver adds its transceiver first (``sender.py``); then :meth:`accept` takes the offer and
    :meth:`answer` answers it. All methods run in the event loop.

    Args:
        ice: The addresses, ports and servers for ICE.
        on_state: Called with each new :attr:`state`.
        monotonic: A clock in seconds that never jumps.

    Attributes:
        active_at: Time of the peer's last ICE check or RTCP datagram, on the monotonic clock.
    """

    def __init__(
        self,
        ice: IceSettings,
        on_state: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.active_at = monotonic()
        self._ice = ice
        self._monotonic = monotonic
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=list(ice.servers)))
        accept_rsa(self._connection)
        self._connection.on("connectionstatechange", lambda: on_state(self.state))
        self._transceivers: list[RTCRtpTransceiver] = []
        self._finish_video: FinishVideo | None = None
        self._offer: Offer | None = None

    @property
    def state(self) -> str:
        """``new``, ``connecting``, ``connected``, ``failed`` or ``closed``."""
        return str(self._connection.connectionState)

    def on_data_channel(self, take: Callable[[RTCDataChannel], object]) -> None:
        """Call a function with each data channel that the peer opens, once it is open."""
        self._connection.on("datachannel", take)

    def add_video(self, direction: Direction, finish: FinishVideo | None = None) -> RTCRtpTransceiver:
        """Add and return the transceiver of the connection's only video; call it before :meth:`accept`.

        Args:
            direction: Direction of the video; read the offer for the same one (:func:`read_offer`).
            finish: Returns the final media line of the answer; by default the one that aiortc writes.
        """
        self._finish_video = finish
        transceiver = self._connection.addTransceiver("video", direction=direction)
        self._transceivers.append(transceiver)
        return transceiver

    async def accept(self, offer: Offer) -> None:
        """Accept an offer; its media lines without a transceiver of ours become inactive.

        Raises:
            OperationError: A transceiver and the peer have no codec in common.
            InvalidSdp: aiortc refuses the offer.
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
        """Return the answer to the accepted offer, including all our candidates.

        Raises:
            NoConnection: No UDP port is free.
            InvalidSdp: aiortc cannot answer the offer.
        """
        assert self._offer is not None
        for transceiver in self._transceivers:
            observe_peer(transceiver.sender.transport, self._on_activity)
        for transport in self._ice_transports():
            restrict(ice_of(transport), self._ice)
        try:
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except _REFUSALS as error:
            raise InvalidSdp(f"the offer cannot be answered: {error or type(error).__name__}") from error
        if not self._ice_transport.iceGatherer.getLocalCandidates():
            raise NoConnection("no UDP port is free for another connection")
        return finish_answer(self._connection.localDescription.sdp, self._offer, self._finish_video)

    async def add_candidate(self, line: str) -> None:
        """Add a candidate of the peer, as in an SDP after ``a=candidate:``, unless it is one that is not tried.

        Raises:
            InvalidSdp: The line is not a candidate.
        """
        if self._offer is None or not self._offer.candidates.takes(line):
            return
        try:
            candidate = candidate_from_sdp(line)
        except (AssertionError, ValueError, IndexError) as error:
            raise InvalidSdp(f"not a candidate: {line[:100]!r}") from error
        if candidate.component == 1:
            await self._ice_transport.addRemoteCandidate(candidate)

    async def close(self) -> None:
        """Close the connection, its sockets and its tasks, within a limit. Safe to call twice."""
        ends = (end for transceiver in self._transceivers for end in (transceiver.sender, transceiver.receiver))
        data = () if self._connection.sctp is None else (self._connection.sctp,)
        owners = (self._connection, *data, *ends)
        tasks = tasks_of(*owners)  # some may fail while the connection closes
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._connection.close()
        except TimeoutError:
            logger.warning("a peer connection does not close; its sockets are aborted")
            for transport in self._ice_transports():
                abort_sockets(transport)
        await end_tasks(tasks | tasks_of(*owners), CLOSE_LIMIT_S)
        break_cycles(self._connection)
        self._finish_video = None

    @property
    def _ice_transport(self) -> RTCIceTransport:
        return self._transceivers[0].sender.transport.transport

    def _ice_transports(self) -> set[RTCIceTransport]:
        transports = {t.receiver.transport.transport for t in self._connection.getTransceivers()}
        if self._connection.sctp is not None:
            transports.add(self._connection.sctp.transport.transport)
        return transports

    def _on_activity(self) -> None:
        self.active_at = self._monotonic()
