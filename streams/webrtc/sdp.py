"""Validate a peer's offer for aiortc, and complete the answer that aiortc writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from aiortc.sdp import SessionDescription

from .candidates import PeerCandidates
from .errors import InvalidSdp, NothingInCommon, SdpTooLong

SDP_BYTES_MAX = 64_000
"""Size limit of an offer, unless the configuration has another; browsers send a tenth of it."""

MAX_LINES = 1000
"""Most lines in an offer; browsers send 100 to 400."""

MAX_MEDIA_LINES = 8
"""Most media lines in an offer; browsers send one per kind, and each costs aiortc about 7 ms in the event loop."""

CREDENTIALS = ("a=ice-ufrag:", "a=ice-pwd:")
"""Prefixes of the lines with a peer's ICE user name fragment and password."""

_BUNDLE = "a=group:BUNDLE"
CANDIDATE = "a=candidate:"
"""Prefix of the line with a candidate."""

Direction = Literal["sendonly", "recvonly"]
"""The direction of video from the server's side, in the words of SDP."""

_DIRECTIONS = frozenset({"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"})

# The directions of a peer's media line that match ours, and the error for an offer without such a line.
_OPPOSITE: Mapping[Direction, frozenset[str]] = {
    "sendonly": frozenset({"a=sendrecv", "a=recvonly"}),
    "recvonly": frozenset({"a=sendrecv", "a=sendonly"}),
}
_NO_VIDEO: Mapping[Direction, str] = {
    "sendonly": "the offer has no media line that receives video",
    "recvonly": "the offer has no media line that sends video",
}

# aiortc gets an inactive media line with a codec that it knows; the answer then gets the peer's own codec back.
_STAND_IN = {"audio": (0, "PCMU/8000"), "video": (96, "VP8/90000")}
# Most lines of a kind in a media section: where their cost in aiortc grows with their square, and where it takes the
# last line, but a BUNDLE group may name the first.
_MOST: Mapping[str, int] = {
    "a=mid:": 1,
    "a=rtpmap:": 64,
    "a=fmtp:": 64,
    "a=rtcp-fb:": 256,
    "a=extmap:": 64,
    "a=fingerprint:": 8,
    "a=ssrc:": 64,
    "a=ssrc-group:": 16,
}
MAX_FORMATS = 128
"""Most payload types in a media line; there are no more."""

# The feedback that aiortc can give; other kinds, and repeated lines, only cost time.
_FEEDBACK = frozenset({"nack", "nack pli", "goog-remb"})
_CODEC_LINES = ("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:", "a=ssrc:", "a=ssrc-group:", "a=rid:", "a=simulcast:")


@dataclass(frozen=True)
class Section:
    """One media section of an SDP: the media line and the lines below it."""

    lines: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The kind of media: ``video``, ``audio``, ``application`` or another."""
        return self.lines[0][2:].split(" ", 1)[0]

    @property
    def formats(self) -> list[str]:
        """The payload types, in order of preference."""
        return self.lines[0].split()[3:]

    @property
    def rejected(self) -> bool:
        """Whether the section is disabled (port 0); a bundle-only section is not."""
        return self.lines[0].split()[1:2] == ["0"] and "a=bundle-only" not in self.lines

    def goes_with(self, direction: Direction) -> bool:
        """Return whether the peer's direction is the counterpart of ours: it receives what we send, or the reverse."""
        return not self.rejected and any(line in _OPPOSITE[direction] for line in self.lines)

    def first(self, prefix: str) -> str | None:
        """Return the rest of the first line with a prefix; ``None`` without such a line."""
        return next((line[len(prefix) :] for line in self.lines if line.startswith(prefix)), None)


@dataclass(frozen=True)
class Offer:
    """A peer's validated offer.

    Attributes:
        text: The offer as aiortc gets it.
        sections: The media sections as the peer wrote them.
        video: Index of the section that carries the video.
        credentials: All lines with an ICE user name fragment or password of the peer.
        candidates: Selects the candidates to try; those of the offer are counted.
    """

    text: str
    sections: tuple[Section, ...]
    video: int
    credentials: frozenset[str]
    candidates: PeerCandidates


FinishVideo = Callable[[Section, Section], Section]
"""Returns the final video section of an answer, given aiortc's section and the peer's section of the offer."""


def read_offer(
    text: str, direction: Direction, candidates: PeerCandidates | None = None, bytes_max: int = SDP_BYTES_MAX
) -> Offer:
    """Check an offer and prepare it for aiortc.

    Lines that only cost time are dropped: candidates that are not tried, and the end of candidates (a deadline of ours
    replaces it).

    Args:
        text: The offer.
        direction: ``sendonly`` to send video to the peer, ``recvonly`` to receive it.
        candidates: Selects the candidates to try; by default those of peers on loopback.
        bytes_max: Size limit of the offer.

    Raises:
        SdpTooLong: The offer exceeds the size limit.
        InvalidSdp: The text is not a valid offer.
        NothingInCommon: No media line carries video in that direction.
    """
    require_size(text, bytes_max, "the offer")
    candidates = PeerCandidates() if candidates is None else candidates
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise InvalidSdp(f"the offer has {len(lines)} lines, at most {MAX_LINES} are allowed")
    head, sections = _split(lines)
    if not head or not head[0].startswith("v=0"):
        raise InvalidSdp("the body is not an SDP: it does not begin with v=0")
    if not sections:
        raise InvalidSdp("the offer has no media line")
    if len(sections) > MAX_MEDIA_LINES:
        raise InvalidSdp(f"the offer has {len(sections)} media lines, at most {MAX_MEDIA_LINES} are allowed")
    general = next((line for line in head if line in _DIRECTIONS), "a=sendrecv")
    for part in (head, *(section.lines for section in sections)):
        _require_few(part)
    if any(len(section.formats) > MAX_FORMATS for section in sections):
        raise InvalidSdp(f"a media line of the offer has more than {MAX_FORMATS} formats")
    sections = [_with_direction(section, general) for section in sections]
    head = [_with_known_members(line, sections) for line in head]
    fitting = (i for i, section in enumerate(sections) if section.kind == "video" and section.goes_with(direction))
    video = next(fitting, None)
    cleaned = [section if i == video else _inactive(section) for i, section in enumerate(sections)]
    useful = [line for section in cleaned for line in _without_repetition(section) if _is_useful(line, candidates)]
    rebuilt = "\r\n".join([*head, *useful]) + "\r\n"
    _check(rebuilt)
    if video is None:
        raise NothingInCommon(_NO_VIDEO[direction])
    if unknown := next((s.kind for s in sections if s.kind not in ("audio", "video", "application")), None):
        raise NothingInCommon(f"the offer has a media line of kind {unknown!r}, which is not supported")
    every = (*head, *(line for section in sections for line in section.lines))
    credentials = frozenset(line for line in every if line.startswith(CREDENTIALS))
    return Offer(rebuilt, tuple(sections), video, credentials, candidates)


def require_size(text: str, bytes_max: int, what: str) -> None:
    """Check the size of an offer or a fragment.

    Raises:
        SdpTooLong: The text has more bytes.
    """
    if len(text.encode(errors="replace")) > bytes_max:
        raise SdpTooLong(f"{what} is longer than {bytes_max} bytes")


def finish_answer(answer: str, offer: Offer, finish_video: FinishVideo | None = None) -> str:
    """Return aiortc's answer with the peer's own codecs in the inactive sections.

    Args:
        answer: The answer that aiortc wrote.
        offer: The offer that it answers.
        finish_video: Returns the final video section; by default the one that aiortc wrote.
    """
    head, sections = _split(answer.splitlines())
    finished = []
    for index, (section, offered) in enumerate(zip(sections, offer.sections, strict=True)):
        if index == offer.video:
            finished.append(finish_video(section, offered) if finish_video else section)
        elif section.kind in _STAND_IN:
            finished.append(_answered_inactive(section, offered))
        else:
            finished.append(section)
    return "\r\n".join([*head, *(line for section in finished for line in section.lines)]) + "\r\n"


def _split(lines: Iterable[str]) -> tuple[list[str], list[Section]]:
    head: list[str] = []
    groups: list[list[str]] = []
    for line in lines:
        line = line.strip()
        if line.startswith("m="):
            groups.append([line])
        elif line:
            (groups[-1] if groups else head).append(line)
    return head, [Section(tuple(group)) for group in groups]


def _with_known_members(line: str, sections: Sequence[Section]) -> str:
    """Return a line of the head; that of a BUNDLE group with each known media line once (RFC 5888, section 9.2)."""
    if not line.startswith(_BUNDLE):
        return line
    known = {each.removeprefix("a=mid:") for section in sections for each in section.lines if each.startswith("a=mid:")}
    members = (member for member in dict.fromkeys(line.removeprefix(_BUNDLE).split()) if member in known)
    return " ".join([_BUNDLE, *members])


def _with_direction(section: Section, general: str) -> Section:
    if section.kind == "application" or any(line in _DIRECTIONS for line in section.lines):
        return section
    return Section((*section.lines, general))


def _inactive(section: Section) -> Section:
    """Return a section that carries no media, with a codec that aiortc knows."""
    if section.kind not in _STAND_IN:
        return section
    payload, codec = _STAND_IN[section.kind]
    first = section.lines[0].split()
    kept = [line for line in section.lines[1:] if not line.startswith(_CODEC_LINES)]
    return Section((" ".join([*first[:3], str(payload)]), *kept, f"a=rtpmap:{payload} {codec}"))


def _answered_inactive(section: Section, offered: Section) -> Section:
    payload = (offered.formats or ["0"])[0]
    first = section.lines[0].split()
    first[1] = "0" if offered.rejected else first[1]
    kept = [line for line in section.lines[1:] if not line.startswith(_CODEC_LINES)]
    codec = [line for line in offered.lines if line.startswith((f"a=rtpmap:{payload} ", f"a=fmtp:{payload} "))]
    return Section((" ".join([*first[:3], payload]), *kept, *codec))


def _is_useful(line: str, candidates: PeerCandidates) -> bool:
    if line.startswith(CANDIDATE):
        return candidates.takes(line[len(CANDIDATE) :])
    if line.startswith("a=rtcp-fb:"):
        return line.partition(" ")[2] in _FEEDBACK
    return line != "a=end-of-candidates"


def _without_repetition(section: Section) -> Iterable[str]:
    return dict.fromkeys(section.lines)


def _require_few(lines: Sequence[str]) -> None:
    for prefix, most in _MOST.items():
        number = sum(line.startswith(prefix) for line in lines)
        if number > most:
            raise InvalidSdp(f"a part of the offer has {number} lines {prefix[:-1]}, at most {most} are allowed")


def _check(text: str) -> None:
    """Refuse an SDP that would fail in aiortc later and without a reason.

    Raises:
        InvalidSdp: The SDP is malformed, ambiguous or incomplete.
    """
    try:
        description = SessionDescription.parse(text)
    except Exception as error:  # aiortc's parser raises half a dozen types, AssertionError among them
        raise InvalidSdp(f"the offer is not a valid SDP ({type(error).__name__}: {error})") from error
    mids = [media.rtp.muxId for media in description.media if media.rtp.muxId]
    if len(set(mids)) < len(mids):
        raise InvalidSdp("the offer has two media lines with the same a=mid")
    if sum(media.kind == "application" for media in description.media) > 1:
        raise InvalidSdp("the offer has more than one media line for data channels")
    for media in description.media:
        if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
            raise InvalidSdp(f"the {media.kind} line of the offer has no a=ice-ufrag and a=ice-pwd")
        if media.dtls is None or not media.dtls.fingerprints:
            raise InvalidSdp(f"the {media.kind} line of the offer has no a=setup and a=fingerprint")
        if media.kind in _STAND_IN and not media.rtcp_mux:
            raise InvalidSdp(f"the {media.kind} line of the offer has no a=rtcp-mux")
