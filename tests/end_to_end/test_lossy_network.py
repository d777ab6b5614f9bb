"""A viewer behind a network that loses packets gets them again; the viewers beside it notice nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.serving import Serving

from .browsers import Viewer
from .relay import LossyRelay

CONFIG = """
cameras:
  - name: scene
    model: test_pattern
    attributes: {width_px: 640, height_px: 360, frame_rate: 30}
    stream: {ladder: LADDER}
  - name: same
    model: test_pattern
    attributes: {width_px: 640, height_px: 360, frame_rate: 30}
    stream: {ladder: never}
"""
FRAMES = 90
UNNOTICED = 4
"""Frames that a viewer may miss at the end, where no packets follow that show it what is lost."""

IN_FLIGHT = 6
"""Most frames that were sent and not yet decoded when both were counted."""


# The browser's own choice has a payload type for retransmissions (RTX); with a codec only, they repeat the packet.
@pytest.mark.parametrize(("loss", "codec"), [(0.02, None), (0.1, "h264"), (0.1, "vp8")])
def test_lost_packets_are_sent_again(page: Page, tmp_path: Path, loss: float, codec: str | None) -> None:
    (tmp_path / "scene.yaml").write_text(CONFIG.replace("LADDER", "never"))
    with (
        Serving("scene.yaml", cwd=tmp_path) as serving,
        LossyRelay(loss, frames_max=FRAMES) as before,
        LossyRelay(loss, frames_max=FRAMES) as beside,
    ):
        page.goto(f"{serving.url}healthz")
        healthy = Viewer(page, "scene", codec=codec)
        before.stand_before_next(page)
        recovering = Viewer(page, "scene", codec=codec)
        beside.stand_before_next(page)
        # Of another camera: the key frames that it asks for would let the others skip what they still wait for.
        silent = Viewer(page, "same", codec=codec, nack=False)
        seen = recovering.wait_for(FRAMES - UNNOTICED)
        assert seen.codec == (codec or "h264").upper()
        assert before.lost > 0
        assert seen.nacks > 0
        assert before.retransmitted >= before.lost - UNNOTICED
        # The same share of the same frames, and nobody asks: most are lost, as each builds on the one before.
        encoded = serving.camera("scene")["encoders"][0]["frames"]
        seen = healthy.wait_for(15)
        assert seen.nacks == 0 and encoded - seen.frames_decoded <= IN_FLIGHT
        assert len(beside.frames) == FRAMES
        assert silent.statistics().nacks == beside.retransmitted == 0
        assert silent.statistics().frames_decoded < FRAMES // 2


def test_a_viewer_whose_network_is_too_slow_gets_a_smaller_picture_for_as_long(page: Page, tmp_path: Path) -> None:
    (tmp_path / "scene.yaml").write_text(CONFIG.replace("LADDER", "auto"))
    with Serving("scene.yaml", cwd=tmp_path) as serving, LossyRelay(0.4) as relay:
        page.goto(f"{serving.url}healthz")
        healthy = Viewer(page, "scene")
        relay.stand_before_next(page)
        slow = Viewer(page, "scene")
        assert slow.wait_for_size(320, 180).width_px == 320
        whole, low = serving.camera("scene")["encoders"]
        assert (whole["rung"], low["rung"]) == ("640x360", "320x180")
        relay.loss = 0.0
        assert slow.wait_for_size(640, 360).width_px == 640
        (whole,) = serving.camera("scene")["encoders"]
        seen = healthy.statistics()
        assert (seen.width_px, seen.nacks, seen.frames_dropped) == (640, 0, 0)
        assert whole["frames"] - seen.frames_decoded <= IN_FLIGHT
