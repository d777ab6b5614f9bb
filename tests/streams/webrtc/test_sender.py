from __future__ import annotations

import pytest

from streams.webrtc.sdp import Section
from streams.webrtc.sender import with_level

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
