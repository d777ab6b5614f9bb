"""Read a viewer's offer with caution, and finish the answer where aiortc leaves it short."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from aiortc.sdp import SessionDescription

from .errors import OfferError

SDP_BYTES_MAX = 64_000
"""The longest offer that is read; browsers send a tenth of it."""

MOST_SECTIONS = 16
"""Media lines in an offer; browsers send one per kind, and each may cost us sockets and a handshake of its own."""

MOST_CANDIDATES = 64
"""Candidates of a viewer that are tried; what comes after them is left out."""

CREDENTIALS = ("a=ice-ufrag:", "a=ice-pwd:")
"""What lines with an ICE name or password of a viewer begin with."""

_DIRECTIONS = frozenset({"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"})
_RECEIVING = frozenset({"a=sendrecv", "a=recvonly"})

# What a media line that stays silent is handed to aiortc as: any codec it knows. The answer gets the viewer's own back.
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

    @property
    def receives(self) -> bool:
        """Whether the viewer wants to get something through it."""
        return not self.rejected and any(line in _RECEIVING for line in self.lines)

    def first(self, prefix: str) -> str | None:
        """Return what follows a prefix in the first line that has it."""
        return next((line[len(prefix) :] for line in self.lines if line.startswith(prefix)), None)


@dataclass(frozen=True)
class Offer:
    """A viewer's offer: what aiortc is given of it, and what the answer must come back to.

    Attributes:
        text: For aiortc.
        sections: As the viewer wrote them.
        video: Index of the media line that gets the picture.
        credentials: Every line with an ICE name or password of the viewer.
    """

    text: str
    sections: tuple[Section, ...]
    video: int
    credentials: frozenset[str]


def read_offer(text: str) -> Offer:
    """Check an offer and make it ready for aiortc.

    Left out is what only costs time: mDNS candidates (nobody would answer for them; the viewer's own checks reach us
    anyway) and the end of candidates (a deadline of ours stands for it).

    Raises:
        OfferError: 413 too long, 400 not an SDP offer, 406 nothing in it that could show video.
    """
    if len(text.encode(errors="replace")) > SDP_BYTES_MAX:
        raise OfferError(413, f"the offer is longer than {SDP_BYTES_MAX} bytes")
    head, sections = _split(text)
    if not head or not head[0].startswith("v=0"):
        raise OfferError(400, "the body is not an SDP: it does not begin with v=0")
    if not sections:
        raise OfferError(400, "the offer has no media line")
    if len(sections) > MOST_SECTIONS:
        raise OfferError(400, f"the offer has {len(sections)} media lines; {MOST_SECTIONS} are the most")
    general = next((line for line in head if line in _DIRECTIONS), "a=sendrecv")
    sections = [_with_direction(section, general) for section in sections]
    video = next((i for i, section in enumerate(sections) if section.kind == "video" and section.receives), None)
    cleaned = [section if i == video else _silent(section) for i, section in enumerate(sections)]
    useful = [line for section in cleaned for line in section.lines if not _useless(line)]
    candidates = [index for index, line in enumerate(useful) if line.startswith("a=candidate:")]
    for index in reversed(candidates[MOST_CANDIDATES:]):
        del useful[index]
    lines = [*head, *useful]
    rebuilt = "\r\n".join(lines) + "\r\n"
    _check(rebuilt)
    if video is None:
        raise OfferError(406, "the offer asks for no video, and there is nothing else here")
    if unknown := next((s.kind for s in sections if s.kind not in ("audio", "video", "application")), None):
        raise OfferError(406, f"the offer has a media line of kind {unknown!r}, which cannot be answered")
    every = (*head, *(line for section in sections for line in section.lines))
    return Offer(rebuilt, tuple(sections), video, frozenset(line for line in every if line.startswith(CREDENTIALS)))


def finish_answer(answer: str, offer: Offer, level: int) -> str:
    """Return aiortc's answer with the true H.264 level, and with the viewer's own codecs on the lines that stay silent.

    ``level`` is what the picture needs, times ten. Without ``level-asymmetry-allowed`` it stays within the offer's.
    """
    head, sections = _split(answer)
    finished = []
    for index, (section, offered) in enumerate(zip(sections, offer.sections, strict=True)):
        if index == offer.video:
            finished.append(_with_level(section, offered, level))
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


def _with_level(section: Section, offered: Section, level: int) -> Section:
    payload = section.formats[0]
    prefix = f"a=fmtp:{payload} "
    theirs = offered.first(prefix) or ""
    match = re.search(r"profile-level-id=([0-9a-f]{6})", theirs, re.IGNORECASE)
    if match is not None and "level-asymmetry-allowed=1" not in theirs:
        level = min(level, int(match[1][4:], 16))

    def raised(found: re.Match[str]) -> str:
        return f"{found[1]}{max(level, int(found[2], 16)):02x}"

    lines = (
        re.sub(r"(profile-level-id=[0-9a-f]{4})([0-9a-f]{2})", raised, line) if line.startswith(prefix) else line
        for line in section.lines
    )
    return replace(section, lines=tuple(lines))


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
        OfferError: 400.
    """
    try:
        description = SessionDescription.parse(text)
    except Exception as error:  # aiortc's parser says "no" in half a dozen types, AssertionError among them
        raise OfferError(400, f"the offer is not an SDP that can be read ({type(error).__name__}: {error})") from error
    mids = [media.rtp.muxId for media in description.media if media.rtp.muxId]
    if len(set(mids)) < len(mids):
        raise OfferError(400, "the offer has two media lines of one name (a=mid)")
    if sum(media.kind == "application" for media in description.media) > 1:
        raise OfferError(400, "the offer has more than one line for data channels")
    for media in description.media:
        if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
            raise OfferError(400, f"the {media.kind} line of the offer has no a=ice-ufrag and a=ice-pwd")
        if media.dtls is None or not media.dtls.fingerprints:
            raise OfferError(400, f"the {media.kind} line of the offer has no a=setup and a=fingerprint")
        if media.kind in _STAND_IN and not media.rtcp_mux:
            raise OfferError(400, f"the {media.kind} line of the offer has no a=rtcp-mux")
