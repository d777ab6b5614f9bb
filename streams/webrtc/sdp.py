"""Read a peer's offer with caution, and finish the answer where aiortc leaves it short."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from aiortc.sdp import SessionDescription

from .errors import InvalidSdp, NothingInCommon, SdpTooLong

SDP_BYTES_MAX = 64_000
"""The longest offer that is read; browsers send a tenth of it."""

MOST_SECTIONS = 16
"""Media lines in an offer; browsers send one per kind, and each may cost us sockets and a handshake of its own."""

MOST_CANDIDATES = 64
"""Candidates of a peer that are tried; what comes after them is left out."""

CREDENTIALS = ("a=ice-ufrag:", "a=ice-pwd:")
"""What lines with an ICE name or password of a peer begin with."""

Direction = Literal["sendonly", "recvonly"]
"""Which way video goes, as seen from here and as an SDP says it."""

_DIRECTIONS = frozenset({"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"})

# What the peer's media line says where ours has a direction, and what a peer is told whose offer has no such line.
_OPPOSITE: Mapping[Direction, frozenset[str]] = {
    "sendonly": frozenset({"a=sendrecv", "a=recvonly"}),
    "recvonly": frozenset({"a=sendrecv", "a=sendonly"}),
}
_NO_VIDEO: Mapping[Direction, str] = {
    "sendonly": "the offer asks for no video, and there is nothing else here",
    "recvonly": "the offer sends no video, and nothing else is taken here",
}

# What a media line that stays silent is handed to aiortc as: any codec it knows. The answer gets the peer's own back.
_STAND_IN = {"audio": (0, "PCMU/8000"), "video": (96, "VP8/90000")}
_CODEC_LINES = ("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:", "a=ssrc:", "a=ssrc-group:", "a=rid:", "a=simulcast:")


@dataclass(frozen=True)
class Section:
    """A media line of an SDP and what belongs to it."""

    lines: tuple[str, ...]

    @property
    def kind(self) -> str:
        """What it carries: ``video``, ``audio``, ``application`` or something else."""
        return self.lines[0][2:].split(" ", 1)[0]

    @property
    def formats(self) -> list[str]:
        """Its payload types, in order of preference."""
        return self.lines[0].split()[3:]

    @property
    def rejected(self) -> bool:
        """Whether it is switched off; one that only waits for its bundle is not."""
        return self.lines[0].split()[1:2] == ["0"] and "a=bundle-only" not in self.lines

    def goes_with(self, direction: Direction) -> bool:
        """Return whether the peer receives through it what we send, or sends what we receive."""
        return not self.rejected and any(line in _OPPOSITE[direction] for line in self.lines)

    def first(self, prefix: str) -> str | None:
        """Return what follows a prefix in the first line that has it."""
        return next((line[len(prefix) :] for line in self.lines if line.startswith(prefix)), None)


@dataclass(frozen=True)
class Offer:
    """A peer's offer: what aiortc is given of it, and what the answer must come back to.

    Attributes:
        text: For aiortc.
        sections: As the peer wrote them.
        video: Index of the media line that carries the picture.
        credentials: Every line with an ICE name or password of the peer.
    """

    text: str
    sections: tuple[Section, ...]
    video: int
    credentials: frozenset[str]


FinishVideo = Callable[[Section, Section], Section]
"""Makes of a media line of our answer, and the peer's that it answers, the line that is sent."""


def read_offer(text: str, direction: Direction) -> Offer:
    """Check an offer and make it ready for aiortc.

    Left out is what only costs time: mDNS candidates (nobody would answer for them; the peer's own checks reach us
    anyway) and the end of candidates (a deadline of ours stands for it).

    Args:
        text: The offer.
        direction: ``sendonly`` where the peer is to receive video, ``recvonly`` where it is to send some.

    Raises:
        SdpTooLong: when it is not even read.
        InvalidSdp: when it is no offer.
        NothingInCommon: when no media line of it carries video that way.
    """
    if len(text.encode(errors="replace")) > SDP_BYTES_MAX:
        raise SdpTooLong(f"the offer is longer than {SDP_BYTES_MAX} bytes")
    head, sections = _split(text)
    if not head or not head[0].startswith("v=0"):
        raise InvalidSdp("the body is not an SDP: it does not begin with v=0")
    if not sections:
        raise InvalidSdp("the offer has no media line")
    if len(sections) > MOST_SECTIONS:
        raise InvalidSdp(f"the offer has {len(sections)} media lines; {MOST_SECTIONS} are the most")
    general = next((line for line in head if line in _DIRECTIONS), "a=sendrecv")
    sections = [_with_direction(section, general) for section in sections]
    fitting = (i for i, section in enumerate(sections) if section.kind == "video" and section.goes_with(direction))
    video = next(fitting, None)
    cleaned = [section if i == video else _silent(section) for i, section in enumerate(sections)]
    useful = [line for section in cleaned for line in section.lines if not _useless(line)]
    candidates = [index for index, line in enumerate(useful) if line.startswith("a=candidate:")]
    for index in reversed(candidates[MOST_CANDIDATES:]):
        del useful[index]
    lines = [*head, *useful]
    rebuilt = "\r\n".join(lines) + "\r\n"
    _check(rebuilt)
    if video is None:
        raise NothingInCommon(_NO_VIDEO[direction])
    if unknown := next((s.kind for s in sections if s.kind not in ("audio", "video", "application")), None):
        raise NothingInCommon(f"the offer has a media line of kind {unknown!r}, which cannot be answered")
    every = (*head, *(line for section in sections for line in section.lines))
    return Offer(rebuilt, tuple(sections), video, frozenset(line for line in every if line.startswith(CREDENTIALS)))


def finish_answer(answer: str, offer: Offer, finish_video: FinishVideo | None = None) -> str:
    """Return aiortc's answer with the peer's own codecs on the lines that stay silent.

    Args:
        answer: What aiortc has written.
        offer: What it answers.
        finish_video: Gives the media line that carries the picture as it is to leave; as aiortc wrote it by default.
    """
    head, sections = _split(answer)
    finished = []
    for index, (section, offered) in enumerate(zip(sections, offer.sections, strict=True)):
        if index == offer.video:
            finished.append(finish_video(section, offered) if finish_video else section)
        elif section.kind in _STAND_IN:
            finished.append(_answered_silent(section, offered))
        else:
            finished.append(section)
    return "\r\n".join([*head, *(line for section in finished for line in section.lines)]) + "\r\n"


def _split(text: str) -> tuple[list[str], list[Section]]:
    head: list[str] = []
    groups: list[list[str]] = []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("m="):
            groups.append([line])
        elif line:
            (groups[-1] if groups else head).append(line)
    return head, [Section(tuple(group)) for group in groups]


def _with_direction(section: Section, general: str) -> Section:
    if section.kind == "application" or any(line in _DIRECTIONS for line in section.lines):
        return section
    return Section((*section.lines, general))


def _silent(section: Section) -> Section:
    """Return a line that will carry nothing with a codec that aiortc knows."""
    if section.kind not in _STAND_IN:
        return section
    payload, codec = _STAND_IN[section.kind]
    first = section.lines[0].split()
    kept = [line for line in section.lines[1:] if not line.startswith(_CODEC_LINES)]
    return Section((" ".join([*first[:3], str(payload)]), *kept, f"a=rtpmap:{payload} {codec}"))


def _answered_silent(section: Section, offered: Section) -> Section:
    payload = (offered.formats or ["0"])[0]
    first = section.lines[0].split()
    first[1] = "0" if offered.rejected else first[1]
    kept = [line for line in section.lines[1:] if not line.startswith(_CODEC_LINES)]
    codec = [line for line in offered.lines if line.startswith((f"a=rtpmap:{payload} ", f"a=fmtp:{payload} "))]
    return Section((" ".join([*first[:3], payload]), *kept, *codec))


def _useless(line: str) -> bool:
    if line == "a=end-of-candidates":
        return True
    return line.startswith("a=candidate:") and not is_of_use(line)


def is_of_use(candidate: str) -> bool:
    """Return whether a candidate can be tried: its address is not hidden behind an mDNS name, and its port is one.

    One that cannot be read at all is of use here: it is refused elsewhere, with a reason.
    """
    fields = candidate.split()
    if len(fields) < 6:
        return True
    return not fields[4].lower().endswith(".local") and (not fields[5].isdecimal() or 0 < int(fields[5][:6]) < 65536)


def _check(text: str) -> None:
    """Refuse here, with a reason, what would only fail later in aiortc.

    Raises:
        InvalidSdp: with that reason.
    """
    try:
        description = SessionDescription.parse(text)
    except Exception as error:  # aiortc's parser says "no" in half a dozen types, AssertionError among them
        raise InvalidSdp(f"the offer is not an SDP that can be read ({type(error).__name__}: {error})") from error
    mids = [media.rtp.muxId for media in description.media if media.rtp.muxId]
    if len(set(mids)) < len(mids):
        raise InvalidSdp("the offer has two media lines of one name (a=mid)")
    if sum(media.kind == "application" for media in description.media) > 1:
        raise InvalidSdp("the offer has more than one line for data channels")
    for media in description.media:
        if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
            raise InvalidSdp(f"the {media.kind} line of the offer has no a=ice-ufrag and a=ice-pwd")
        if media.dtls is None or not media.dtls.fingerprints:
            raise InvalidSdp(f"the {media.kind} line of the offer has no a=setup and a=fingerprint")
        if media.kind in _STAND_IN and not media.rtcp_mux:
            raise InvalidSdp(f"the {media.kind} line of the offer has no a=rtcp-mux")
