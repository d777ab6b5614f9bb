from __future__ import annotations

import pytest

from streams.webrtc.candidates import PeerCandidates
from streams.webrtc.errors import InvalidSdp, NothingInCommon, SdpTooLong, SignallingError
from streams.webrtc.sdp import SDP_BYTES_MAX, Direction, Section, finish_answer, read_offer
from tests.offers import OFFER

HEAD = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
TRANSPORT = (
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\na=setup:actpass\r\na=rtcp-mux\r\n"
)
VIDEO = (
    "m=video 9 UDP/TLS/RTP/SAVPF 102 103\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\n"
    + TRANSPORT
    + "a=rtpmap:102 H264/90000\r\n"
    "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\na=rtpmap:103 VP8/90000\r\n"
)
AUDIO = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 63\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendrecv\r\n"
    + TRANSPORT
    + "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
)
NO_VIDEO = "the offer has no media line that receives video"
NO_ICE = "the video line of the offer has no a=ice-ufrag and a=ice-pwd"
NO_DTLS = "the video line of the offer has no a=setup and a=fingerprint"
HOST = "a=candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host\r\n"
MDNS = "a=candidate:2 1 udp 2122260223 0b1c.local 50001 typ host\r\n"


def refusal(text: str, direction: Direction = "sendonly") -> tuple[type[SignallingError], str]:
    with pytest.raises(SignallingError) as caught:
        read_offer(text, direction)
    return type(caught.value), caught.value.detail


def test_mdns_candidates_and_the_end_of_candidates_are_dropped() -> None:
    offer = read_offer(HEAD + VIDEO + HOST + MDNS + "a=end-of-candidates\r\n", "sendonly")
    assert HOST.strip() in offer.text
    assert ".local" not in offer.text
    assert "end-of-candidates" not in offer.text
    assert offer.video == 0
    assert offer.credentials == {"a=ice-ufrag:abcd", "a=ice-pwd:0123456789012345678901"}


def test_the_first_media_line_that_receives_gets_the_video() -> None:
    sending = VIDEO.replace("recvonly", "sendonly")
    assert read_offer(HEAD + AUDIO + sending + VIDEO.replace("mid:0", "mid:2"), "sendonly").video == 2


def test_a_media_line_without_a_direction_receives() -> None:
    assert read_offer(HEAD + VIDEO.replace("a=recvonly\r\n", ""), "sendonly").video == 0
    assert refusal(HEAD + "a=sendonly\r\n" + VIDEO.replace("a=recvonly\r\n", ""))[0] is NothingInCommon


def test_bare_newlines_end_lines_too() -> None:
    assert read_offer((HEAD + VIDEO).replace("\r\n", "\n"), "sendonly").video == 0


@pytest.mark.parametrize(
    ("text", "error", "detail"),
    [
        ("", InvalidSdp, "the body is not an SDP: it does not begin with v=0"),
        ("hello", InvalidSdp, "the body is not an SDP: it does not begin with v=0"),
        (HEAD, InvalidSdp, "the offer has no media line"),
        (
            HEAD + VIDEO.replace("a=ice-ufrag:abcd\r\n", ""),
            InvalidSdp,
            "the video line of the offer has no a=ice-ufrag and a=ice-pwd",
        ),
        (
            HEAD + VIDEO.replace("a=setup:actpass\r\n", ""),
            InvalidSdp,
            "the video line of the offer has no a=setup and a=fingerprint",
        ),
        (HEAD + VIDEO.replace("a=rtcp-mux\r\n", ""), InvalidSdp, "the video line of the offer has no a=rtcp-mux"),
        (HEAD + AUDIO, NothingInCommon, NO_VIDEO),
        (
            HEAD + VIDEO.replace("recvonly", "inactive"),
            NothingInCommon,
            "the offer has no media line that receives video",
        ),
        (
            HEAD + VIDEO.replace("m=video 9", "m=video 0"),
            NothingInCommon,
            "the offer has no media line that receives video",
        ),
        (
            HEAD + VIDEO + AUDIO.replace("m=audio", "m=text"),
            NothingInCommon,
            "the offer has a media line of kind 'text', which is not supported",
        ),
        (HEAD + VIDEO + "a=x:" + "y" * SDP_BYTES_MAX, SdpTooLong, f"the offer is longer than {SDP_BYTES_MAX} bytes"),
    ],
)
def test_bad_offers_are_refused_with_a_reason(text: str, error: type[SignallingError], detail: str) -> None:
    assert refusal(text) == (error, detail)


@pytest.mark.parametrize(
    "line", ["m=video", "m=video nine UDP/TLS/RTP/SAVPF 102", "m=video 9 UDP/TLS/RTP/SAVPF 102", "m=video 9 X -1"]
)
@pytest.mark.parametrize("rest", ["a=rtpmap:102", "a=fmtp:9 x", "a=setup:maybe", "a=candidate:1", "c=IN IP9 x"])
def test_malformed_sections_are_refused(line: str, rest: str) -> None:
    error, _ = refusal(f"{HEAD}{line}\r\na=recvonly\r\n{rest}\r\n")
    assert error is InvalidSdp


def test_a_bundle_only_line_is_not_disabled() -> None:
    assert read_offer(HEAD + VIDEO.replace("m=video 9", "m=video 0") + "a=bundle-only\r\n", "sendonly").video == 0


def test_inactive_lines_are_answered_with_the_viewers_own_codec() -> None:
    offer = read_offer(HEAD + VIDEO + AUDIO, "sendonly")
    assert "red/48000" not in offer.text
    silent = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=inactive\r\na=mid:1\r\na=rtpmap:0 PCMU/8000\r\na=ssrc:1 cname:x\r\n"
    audio = finish_answer(HEAD + VIDEO + silent, offer).split("m=audio")[1]
    assert audio.split("\r\n") == [
        " 9 UDP/TLS/RTP/SAVPF 63",
        "a=inactive",
        "a=mid:1",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
        "",
    ]


def test_the_caller_can_change_the_video_section_of_the_answer() -> None:
    offer = read_offer(HEAD + AUDIO + VIDEO, "sendonly")
    finished = finish_answer(
        HEAD + AUDIO + VIDEO, offer, lambda answered, offered: Section((offered.lines[0], *answered.lines[1:3], "a=x"))
    )
    assert finished.split("m=video")[1] == " 9 UDP/TLS/RTP/SAVPF 102 103\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=x\r\n"


def test_receiving_video_needs_a_media_line_that_sends_it() -> None:
    publishing = HEAD + VIDEO + VIDEO.replace("a=mid:0", "a=mid:1").replace("recvonly", "sendonly")
    assert read_offer(publishing, "recvonly").video == 1
    assert read_offer(HEAD + VIDEO.replace("recvonly", "sendrecv"), "recvonly").video == 0
    assert refusal(HEAD + VIDEO, "recvonly") == (
        NothingInCommon,
        "the offer has no media line that sends video",
    )
    answer = finish_answer(publishing, read_offer(publishing, "recvonly"))
    assert "a=rtpmap:102 H264/90000" in answer.split("m=video")[2]


def test_too_many_media_lines_are_refused() -> None:
    many = "".join(VIDEO.replace("a=mid:0", f"a=mid:{number}") for number in range(9))
    assert refusal(HEAD + many) == (InvalidSdp, "the offer has 9 media lines, at most 8 are allowed")


def test_two_media_lines_with_one_mid_are_refused() -> None:
    assert refusal(HEAD + VIDEO + VIDEO) == (InvalidSdp, "the offer has two media lines with the same a=mid")


def test_two_media_lines_for_data_channels_are_refused() -> None:
    data = "".join(
        f"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:{mid}\r\na=sctp-port:5000\r\n" + TRANSPORT
        for mid in (1, 2)
    )
    assert refusal(HEAD + VIDEO + data) == (InvalidSdp, "the offer has more than one media line for data channels")


def test_candidates_that_are_not_tried_are_dropped() -> None:
    candidates = "".join(f"a=candidate:{n} 1 udp 2122260223 127.0.0.{n} 20000 typ host\r\n" for n in range(1, 100))
    limited = PeerCandidates(limit=5)
    offer = read_offer(HEAD + VIDEO + candidates + VIDEO.replace("a=mid:0", "a=mid:1") + HOST, "sendonly", limited)
    assert offer.text.count("a=candidate:") == 5
    assert " 127.0.0.5 20000 typ host\r\nm=video" in offer.text
    assert offer.candidates is limited


def test_feedback_that_is_not_given_and_repeated_lines_are_dropped() -> None:
    lines = ("nack", "nack pli", "goog-remb", "nack", "transport-cc", "ccm fir")
    text = read_offer(HEAD + VIDEO + "".join(f"a=rtcp-fb:102 {line}\r\n" for line in lines), "sendonly").text
    assert [line for line in text.split("\r\n") if "rtcp-fb" in line] == [f"a=rtcp-fb:102 {line}" for line in lines[:3]]


def test_too_many_formats_are_refused() -> None:
    many = VIDEO.replace("102 103\r\n", "102 103" + " 103" * 127 + "\r\n")
    assert refusal(HEAD + many) == (InvalidSdp, "a media line of the offer has more than 128 formats")


def test_the_limit_of_bytes_can_be_set() -> None:
    with pytest.raises(SdpTooLong, match="^the offer is longer than 100 bytes$"):
        read_offer(HEAD + VIDEO, "sendonly", bytes_max=100)


@pytest.mark.parametrize(
    ("line", "number", "detail"),
    [
        ("a=ssrc:{} cname:x", 900, "a part of the offer has 900 lines a=ssrc, at most 64 are allowed"),
        ("a=rtcp-fb:102 nack{}", 900, "a part of the offer has 900 lines a=rtcp-fb, at most 256 are allowed"),
        ("a=rtpmap:{} VP8/90000", 900, "a part of the offer has 902 lines a=rtpmap, at most 64 are allowed"),
        ("a=mid:{}", 1, "a part of the offer has 2 lines a=mid, at most 1 are allowed"),
        ("a=x:{}", 2000, "the offer has 2016 lines, at most 1000 are allowed"),
    ],
)
def test_more_lines_of_a_kind_than_aiortc_bears_are_refused(line: str, number: int, detail: str) -> None:
    lines = "\r\n".join(line.format(n) for n in range(number))
    assert refusal(HEAD + VIDEO + lines) == (InvalidSdp, detail)


@pytest.mark.parametrize(
    ("written", "read"), [("0 1", "0 1"), ("0 1 2 3 0 0", "0 1"), ("7", ""), ("", ""), (" 1  0", "1 0")]
)
def test_a_bundle_has_each_media_line_once(written: str, read: str) -> None:
    second = OFFER[OFFER.index("m=") :].replace("a=mid:0", "a=mid:1")
    text = read_offer(
        f"{OFFER}{second}".replace("t=0 0\r\n", f"t=0 0\r\na=group:BUNDLE {written}\r\n"), "sendonly"
    ).text
    assert f"\r\na=group:BUNDLE {read}".rstrip() + "\r\n" in text
