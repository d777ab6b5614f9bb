"""Send one video over a connection, and record the viewer's reception reports."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from aiortc import RTCRtpSender
from aiortc.exceptions import OperationError

from ..encoding import CodecName
from ..rtp import HIGHEST_ID, Extensions, Layout, RtpStream, Transmitter, round_trip_s
from ..viewing import Traffic
from .connection import Connection
from .errors import NothingInCommon
from .internals import Outgoing, chosen_mime_type, replace_sending
from .ladder import Ladder
from .sdp import Offer, Section
from .video import ViewerVideo

_MIME = {"h264": "video/h264", "vp8": "video/vp8"}

_MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
_PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
_CAPTURE_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
_MID_MAX = 2  # bytes; browsers have one. Longer ones make packets too long; receivers know the source by its SSRC

PLAYOUT_S = (0.0, 0.1)
"""Least and longest delay of the viewer's player: show pictures as they come, and smooth at most 0.1 s of jitter."""


class VideoSender:
    """Sends the video of a connection; make it before the offer is accepted. All methods run in the event loop.

    Args:
        connection: The connection.
        transmitter: Shared by all viewers.

    Attributes:
        loss: Share of packets lost (0 to 1) in the viewer's last report; ``None`` before the first.
        rtt_s: Round-trip time to the viewer in seconds, by its last report; ``None`` before the first.
    """

    def __init__(self, connection: Connection, transmitter: Transmitter) -> None:
        self.loss: float | None = None
        self.rtt_s: float | None = None
        self._connection = connection
        self._transmitter = transmitter
        self._level = 0
        self._extensions = Extensions()
        self._name = b""
        self._video: ViewerVideo | None = None
        self._request_key_frame: Callable[[], object] = lambda: None
        self._move: Callable[[bool], object] = lambda low: None
        self._ladder: Ladder | None = None
        self._estimate: int | None = None
        self._transceiver = connection.add_video("sendonly", self._finish)

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

    def send(
        self,
        video: ViewerVideo,
        level: int,
        request_key_frame: Callable[[], object],
        move: Callable[[bool], object] = lambda low: None,
    ) -> None:
        """Send a video as soon as the connection is up; call it before the connection answers.

        Args:
            video: The frames.
            level: The H.264 level that the picture needs, times ten.
            request_key_frame: Called when the viewer requests a key frame.
            move: Called when the viewer's network suits another rung, with whether that is the low one.
        """
        self._move = move
        self._level = level
        self._video = video
        self._request_key_frame = request_key_frame
        replace_sending(self._transceiver.sender, self)

    def begin(self, outgoing: Outgoing) -> None:
        """Begin to send: the connection is up."""
        self._ladder = Ladder(time.monotonic())
        self._name = outgoing.name
        if self._video is not None:
            layout = Layout(outgoing.payload_type, outgoing.tag_bytes, self._extensions)
            stream = RtpStream(
                self._transmitter,
                layout,
                outgoing.session,
                outgoing.path,
                source=outgoing.source,
                repeats=outgoing.repeats,
            )
            if not self._video.begin(stream):
                self._request_key_frame()

    def report(self) -> bytes | None:
        """Return a sender report, as plain RTCP; ``None`` before the first picture."""
        stream = self._stream
        return None if stream is None else stream.report(time.time(), self._name)

    def on_report(self, share_lost: float, last_report: int, delay: int) -> None:
        """Take a reception report of the viewer."""
        self.loss = round(share_lost, 3)
        rtt_s = round_trip_s(time.time(), last_report, delay)
        if rtt_s is not None:
            self.rtt_s = rtt_s
        ladder, stream = self._ladder, self._stream
        if ladder is None or stream is None:
            return
        rate = stream.bits_per_second
        if ladder.report(time.monotonic(), share_lost, self.rtt_s, self._estimate, rate):
            self._move(ladder.is_low)

    def on_estimate(self, bits_per_second: int) -> None:
        """Take the viewer's estimate of what the network can carry."""
        self._estimate = bits_per_second

    def on_missing(self, numbers: Sequence[int]) -> None:
        """Send packets again that the viewer has missed."""
        if (stream := self._stream) is not None:
            stream.repeat(numbers)

    def on_key_frame_request(self) -> None:
        """Pass on the viewer's request for a key frame."""
        self._request_key_frame()

    @property
    def traffic(self) -> Traffic:
        """What was sent so far."""
        stream = self._stream
        return Traffic() if stream is None else stream.traffic

    def info(self) -> dict[str, Any]:
        """Return what ``/api/cameras`` shows of it."""
        stream = self._stream
        return {
            "bitrate": 0 if stream is None else stream.bits_per_second,
            "loss": self.loss,
            "rtt_ms": None if self.rtt_s is None else round(1000 * self.rtt_s, 1),
        }

    def summary(self) -> str:
        """Return what was sent, in words."""
        stream = self._stream
        if stream is None:
            return "nothing was sent"
        return (
            f"{stream.packets} packets, {stream.asked} missed, {stream.repeated} sent again; {stream.dropped} pictures "
            "had no room in its socket"
        )

    @property
    def _stream(self) -> RtpStream | None:
        return None if self._video is None else self._video.stream

    def _finish(self, answered: Section, offered: Section) -> Section:
        section, self._extensions = with_extensions(with_level(answered, offered, self._level), offered)
        return section


def with_extensions(answered: Section, offered: Section) -> tuple[Section, Extensions]:
    """Return the media line of an answer with the header extensions that aiortc does not know, and those in use.

    Args:
        answered: The media line as aiortc has written it.
        offered: The viewer's.
    """
    accepted = _extensions(answered)
    added = {
        uri: number
        for uri, number in _extensions(offered).items()
        if uri in (_PLAYOUT_DELAY, _CAPTURE_TIME) and uri not in accepted and number not in accepted.values()
    }
    ours = {uri: number for uri, number in (accepted | added).items() if number <= HIGHEST_ID}
    mid = (answered.first("a=mid:") or "").removeprefix("a=mid:").encode()
    in_use = Extensions(
        mid=ours.get(_MID, 0) if 0 < len(mid) <= _MID_MAX else 0,
        mid_value=mid,
        send_time=ours.get(_SEND_TIME, 0),
        capture_time=ours.get(_CAPTURE_TIME, 0),
        playout_delay=ours.get(_PLAYOUT_DELAY, 0),
        playout_s=PLAYOUT_S,
    )
    lines = [f"a=extmap:{number} {uri}" for uri, number in added.items()]
    return replace(answered, lines=(*answered.lines, *lines)), in_use


def _extensions(section: Section) -> dict[str, int]:
    """Return the numbers of the header extensions of a media line by their URIs."""
    found = (re.match(r"a=extmap:(\d{1,3})(?:/[a-z]+)? (\S+)", line) for line in section.lines)
    return {each[2]: int(each[1]) for each in found if each is not None}


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
