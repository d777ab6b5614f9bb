"""The data channel in Chromium: what it says of a picture is of that very picture, for ten seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from cameras.pattern.ribbon import read_frame_number
from tests.serving import Serving

FRAMES, RATE = 300, 30
CELLS = 32
WAIT_S = 90
CONFIG = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 640, height_px: 360, frame_rate: RATE}}
  - name: found
    model: transform
    attributes:
      source: scene
      pipeline: [{type: detections, attributes: {detector_name: yellow}}]
services:
  - name: yellow
    type: vision
    model: color_detector
    attributes: {detect_color: "#ffd040", hue_tolerance_pct: 0.1, segment_size_px: 20}
"""


def number_in(levels: list[int]) -> int | None:
    """Return the number that is in the cells of the lowest rows of a picture."""
    rows = np.repeat(np.array(levels, np.uint8), 8)
    return read_frame_number(np.tile(rows[None, :, None], (90, 1, 3)))


def test_each_picture_has_its_own_predictions(page: Page, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.replace("RATE", str(RATE)))
    with Serving("config.yaml", cwd=tmp_path) as serving:
        page.goto(f"{serving.url}healthz")
        shown, messages = page.evaluate((Path(__file__).parent / "predictions.js").read_text(), [FRAMES, CELLS, WAIT_S])
    told = {int(timestamp): round(pts_s * RATE) for timestamp, pts_s in messages.items()}
    assert len({timestamp for timestamp, _, _ in shown}) == FRAMES
    assert [timestamp for timestamp, _, _ in shown if timestamp not in told] == []
    read = [(told.get(timestamp), number_in(levels)) for _, timestamp, levels in shown]
    assert [(said, number) for said, number in read if number not in (None, said)] == []
    assert sum(number is not None for _, number in read) > 0.9 * FRAMES, "a number may be blurred"
