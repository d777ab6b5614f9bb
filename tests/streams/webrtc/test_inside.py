"""What is reached for inside aiortc is there, and missed by name."""

from __future__ import annotations

import aiortc
import pytest

from streams.webrtc.inside import self_test

pytestmark = pytest.mark.anyio


async def test_the_installed_aiortc_has_all_that_is_reached_for() -> None:
    self_test()


async def test_what_a_version_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(aiortc.RTCRtpSender, "_send_keyframe")
    with pytest.raises(RuntimeError) as caught:
        self_test()
    assert str(caught.value) == f"aiortc {aiortc.__version__} cannot be used: it has no RTCRtpSender._send_keyframe"
