"""What a connection sends: one video, of which the viewer chooses the codec, and what it reports of its reception."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from aiortc import RTCRtpSender
from aiortc.exceptions import OperationError

from ..encoding import CodecName
from .connection import Connection
from .errors import NothingInCommon
from .inside import chosen_mime_type, hear_viewer, rtt_s
from .sdp import Offer, Section
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
        self._level = 0
        self._transceiver = connection.add_video("sendonly", self._finish)

    @property
    def rtt_ms(self) -> float | None:
        """Round-trip time to the viewer and back in milliseconds; ``None`` before its first report."""
        seconds = rtt_s(self._transceiver.sender)
        return None if seconds is None else round(1000 * seconds, 1)

    async def negotiate(self, offer: Offer, codecs: Sequence[CodecName]) -> CodecName:
        """Have the connection accept an offer; return the first of our codecs that the viewer has too.

        Raises:
            NothingInCommon: when there is none.
            InvalidSdp: when aiortc refuses the offer.
        """
        capabilities = RTCRtpSender.getCapabilities("video").codecs
        # aiortc reads the preferences inside setRemoteDescription; afterwards they do nothing.
        preferred = [c for name in codecs for c in capabilities if c.mimeType.lower() == _MIME[name]]
        self._transceiver.setCodecPreferences(preferred + [c for c in capabilities if c.name.lower() == "rtx"])
        try:
            await self._connection.accept(offer)
        except OperationError as error:
            raise NothingInCommon(f"no common codec: {' and '.join(codecs)} can be had here") from error
        chosen = chosen_mime_type(self._transceiver)
        return next(name for name in codecs if _MIME[name] == chosen)

    def send(self, track: PacketTrack, level: int, ask_key_frame: Callable[[], object]) -> None:
        """Send a track's packets once the connection stands; before it answers.

        Args:
            track: Where the packets come from.
            level: The H.264 level that its picture needs, times ten.
            ask_key_frame: Called when the viewer asks for a key frame.
        """
        self._level = level
        self._transceiver.sender.replaceTrack(track)
        hear_viewer(self._transceiver.sender, self._on_loss, ask_key_frame)

    def _finish(self, answered: Section, offered: Section) -> Section:
        return with_level(answered, offered, self._level)

    def _on_loss(self, share: float) -> None:
        self.loss = round(share, 3)


def with_level(answered: Section, offered: Section, level: int) -> Section:
    """Return the media line of an answer with the true H.264 level; aiortc repeats the viewer's.

    ``level`` is what the picture needs, times ten. Without ``level-asymmetry-allowed`` it stays within the offer's.
    """
    prefix = f"a=fmtp:{answered.formats[0]} "
    theirs = offered.first(prefix) or ""
    match = re.search(r"profile-level-id=([0-9a-f]{6})", theirs, re.IGNORECASE)
    if match is not None and "level-asymmetry-allowed=1" not in theirs:
        level = min(level, int(match[1][4:], 16))

    def raised(found: re.Match[str]) -> str:
        return f"{found[1]}{max(level, int(found[2], 16)):02x}"

    lines = (
        re.sub(r"(profile-level-id=[0-9a-f]{4})([0-9a-f]{2})", raised, line) if line.startswith(prefix) else line
        for line in answered.lines
    )
    return replace(answered, lines=tuple(lines))
