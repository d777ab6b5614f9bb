"""What a connection sends: one video, of which the viewer chooses the codec, and what it reports of its reception."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiortc import RTCRtpSender
from aiortc.exceptions import OperationError

from ..encoding import CodecName
from .connection import Connection
from .errors import OfferError
from .inside import chosen_mime_type, hear_viewer, rtt_s
from .sdp import Offer
from .track import PacketTrack

_MIME = {"h264": "video/h264", "vp8": "video/vp8"}


class VideoSender:
    """The video that goes over a connection, made before the offer is accepted. For the event loop.

    Attributes:
        loss: Share of packets lost, as the viewer last reported; ``None`` before it has.
    """

    def __init__(self, connection: Connection) -> None:
        self.loss: float | None = None
        self._connection = connection
        self._transceiver = connection.add_video("sendonly")

    @property
    def rtt_ms(self) -> float | None:
        """Round-trip time to the viewer and back in milliseconds; ``None`` before its first report."""
        seconds = rtt_s(self._transceiver.sender)
        return None if seconds is None else round(1000 * seconds, 1)

    async def negotiate(self, offer: Offer, codecs: Sequence[CodecName]) -> CodecName:
        """Have the connection accept an offer; return the first of our codecs that the viewer has too.

        Raises:
            OfferError: 406 when there is none, 400 when aiortc refuses the offer.
        """
        capabilities = RTCRtpSender.getCapabilities("video").codecs
        # aiortc reads the preferences inside setRemoteDescription; afterwards they do nothing.
        preferred = [c for name in codecs for c in capabilities if c.mimeType.lower() == _MIME[name]]
        self._transceiver.setCodecPreferences(preferred + [c for c in capabilities if c.name.lower() == "rtx"])
        try:
            await self._connection.accept(offer)
        except OperationError as error:
            raise OfferError(406, f"no common codec: {' and '.join(codecs)} can be had here") from error
        chosen = chosen_mime_type(self._transceiver)
        return next(name for name in codecs if _MIME[name] == chosen)

    def send(self, track: PacketTrack, ask_key_frame: Callable[[], object]) -> None:
        """Send a track's packets once the connection stands, and pass on the viewer's requests for key frames."""
        self._transceiver.sender.replaceTrack(track)
        hear_viewer(self._transceiver.sender, self._on_loss, ask_key_frame)

    def _on_loss(self, share: float) -> None:
        self.loss = round(share, 3)
