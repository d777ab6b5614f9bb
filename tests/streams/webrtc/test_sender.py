from __future__ import annotations

import pytest

from streams.webrtc.sdp import Section
from streams.webrtc.sender import with_extensions, with_level

BEFORE = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"


def video(parameters: str) -> Section:
    return Section(("m=video 9 UDP/TLS/RTP/SAVPF 102 103", "a=rtpmap:102 H264/90000", f"a=fmtp:102 {parameters}"))


@pytest.mark.parametrize(
    ("offered", "needed", "answered"),
    [
        ("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", 40, "42e028"),
        ("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", 30, "42e01f"),
        ("packetization-mode=1;profile-level-id=42e01f", 40, "42e01f"),
        ("packetization-mode=1;profile-level-id=42e034", 40, "42e028"),
    ],
)
def test_the_answer_has_the_actual_level(offered: str, needed: int, answered: str) -> None:
    finished = with_level(video(BEFORE), video(offered), needed)
    assert finished == video(BEFORE.replace("42e01f", answered))


OFFERED = """a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:4/sendrecv urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:12 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time
a=extmap:13 urn:3gpp:video-orientation""".splitlines()


def section(*lines: str) -> Section:
    return Section(("m=video 9 UDP/TLS/RTP/SAVPF 102", "a=mid:0", *lines))


def test_extensions_that_aiortc_does_not_know_are_answered_where_they_are_offered() -> None:
    finished, used = with_extensions(section(*OFFERED[:2]), section(*OFFERED))
    assert finished == section(*OFFERED[:2], *(OFFERED[2:4]))
    assert (used.send_time, used.mid, used.mid_value, used.playout_delay, used.capture_time) == (2, 4, b"0", 5, 12)
    finished, used = with_extensions(section(), section())
    assert finished == section() and used.send_time == used.mid == used.playout_delay == used.capture_time == 0


def test_extensions_that_do_not_fit_into_the_short_form_are_not_sent() -> None:
    lines = (OFFERED[0].replace(":2", ":15"), OFFERED[1], "a=mid:" + 17 * "x")
    finished, used = with_extensions(Section(("m=video 9 x 102", *lines)), section(*lines))
    assert used.send_time == 0 and used.mid == 0
    # A mid that would make the packets longer than planned is left to the SSRC.
    long = ("a=mid:video0", OFFERED[1])
    assert with_extensions(Section(("m=video 9 x 102", *long)), section(*long))[1].mid == 0
    # One number for two extensions is nonsense of the peer.
    taken = (OFFERED[0], OFFERED[2].replace(":5", ":2"))
    finished, used = with_extensions(section(OFFERED[0]), section(*taken))
    assert finished == section(OFFERED[0]) and used.playout_delay == 0
