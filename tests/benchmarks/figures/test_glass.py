"""How old the frames on a screen are, and what streams them bare."""

import asyncio
import sys
from typing import Any

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from benchmarks.figures import bare_streamer
from benchmarks.figures.glass import ages_of, chromium_missing, differences
from benchmarks.measuring import ProgramError
from benchmarks.measuring.stamped import HEIGHT_PX, WIDTH_PX, stamp
from cameras.pattern.ribbon import draw_frame_number


def row(taken_at: float) -> list[int]:
    picture = np.zeros((180, 640, 3), np.uint8)
    draw_frame_number(picture, stamp(taken_at))
    return [int(level) for level in picture[-2, :, 1]]


def test_the_age_is_from_the_time_in_the_picture_to_that_of_showing() -> None:
    at = 1_700_000_000.0
    shown = [(1000 * at + 25, row(at)), (1000 * at + 60, row(at + 0.03))] * 5
    assert ages_of(shown) == pytest.approx([25, 30] * 5, abs=0.2)
    with pytest.raises(ProgramError, match="the time of 3 of 13 frames cannot be read"):
        ages_of([*shown, *[(1000 * at, [0] * 640)] * 3])


def test_connections_beside_each_other_are_compared() -> None:
    assert differences([[30, 32, 31], [40, 41, 42]], [[30, 30, 30], [44, 44, 44]]) == [1, -3]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "apt-get install chromium" in chromium_missing()
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    assert chromium_missing() == "no Playwright here"


class FakeCamera:
    """Gives grey pictures at once."""

    def wait_s(self) -> float:
        return -1.0

    def take(self) -> Any:
        return np.full((HEIGHT_PX, WIDTH_PX, 3), 100, np.uint8)


def test_the_bare_streamer_answers_and_encodes() -> None:
    camera: Any = FakeCamera()

    async def run() -> tuple[str, Any]:
        viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        viewer.addTransceiver("video", direction="recvonly")
        await viewer.setLocalDescription(await viewer.createOffer())
        connection, answer = await bare_streamer.answered(camera, viewer.localDescription.sdp)
        await viewer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        packet = await bare_streamer.Encoded(camera).recv()
        await connection.close()
        await viewer.close()
        return answer, packet

    answer, packet = asyncio.run(run())
    assert "H264/90000" in answer
    assert "VP8" not in answer
    assert packet.is_keyframe
