"""Send one video over a connection, and record the viewer's reception reports."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from aiortc import RTCRtpSender
from aiortc.exceptions import OperationError

from ..encoding import CodecName
from .connection import Connection
from .errors import NothingInCommon
from .internals import chosen_mime_type, observe_viewer, rtt_s
from .sdp import Offer, Section
from .track import PacketTrack

_MIME = {"h264": "video/h264", "vp8": "video/vp8"}


class VideoSender:
    """Sends the video of a connection; make it before the offer is accepted. All methods run in the event loop.

    Attributes:
        loss: Share of packets lost (0 to 1) in the viewer's last report; ``None`` before the first.
    """

    def __init__(self, connection: Connection) -> None:
        self.loss: float | None = None
        self._connection = connection
        self._level = 0
        self._transceiver = connection.add_video("sendonly", self._finish)

    @property
    def rtt_ms(self) -> float | None:
        """Round-trip time to the viewer in milliseconds; ``None`` before its first report."""
        seconds = rtt_s(self._transceiver.sender)
        return None if seconds is None else round(1000 * seconds, 1)

    async def negotiate(self, offer: Offer, codecs: Sequence[CodecName]) -> CodecName:
        """Accept an offer; return the first of our codecs that the viewer supports.

        Raises:
            NothingInCommon: The viewer supports none of them.
            InvalidSdp: aiortc refuses the offer.
        """
        capabilities = RTCRtpSender.getCapabilities("video").codecs
        # aiortc reads the preferences in setRemoteDescription; after that they have no effect.
        preferred = [c for name in codecs for c in capabilities if c.mimeType.lower() == _MIME[name]]
        self._transceiver.setCodecPreferences(preferred + [c for c in capabilities if c.name.lower() == "rtx"])
        try:
            await self._connection.accept(offer)
        except OperationError as error:
            raise NothingInCommon(f"no common codec: this camera streams {' and '.join(codecs)}") from error
        chosen = chosen_mime_type(self._transceiver)
        return next(name for name in codecs if _MIME[name] == chosen)

    def send(self, track: PacketTrack, level: int, request_key_frame: Callable[[], object]) -> None:
        """Send the packets of a track as soon as the connection is up; call it before the connection answers.

        Args:
            track: The source of the packets.
            level: The H.264 level that the picture needs, times ten.
            request_key_frame: Called when the viewer requests a key frame.
        """
        self._level = level
        self._transceiver.sender.replaceTrack(track)
        observe_viewer(self._transceiver.sender, self._on_loss, request_key_frame)

    def _finish(self, answered: Section, offered: Section) -> Section:
        return with_level(answered, offered, self._level)

    def _on_loss(self, share: float) -> None:
        self.loss = round(share, 3)


def with_level(answered: Section, offered: Section, level: int) -> Section:
    """Return the media line of an answer with the actual H.264 level, where aiortc repeats the viewer's.

    ``level`` is the one that the picture needs, times ten. Without ``level-asymmetry-allowed`` the answer never exceeds
    the level of the offer.
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
