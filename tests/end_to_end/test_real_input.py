"""A clip of a person walking through a room, with a detector that many use."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.serving import Serving
from tests.shared import DATA, expected, needs_data

from .browsers import Viewer

CONFIG = """
cameras:
  - name: room
    model: video_file
    attributes: {{path: {data}/video/person_768x432.mp4, loop: true}}
  - name: people
    model: transform
    attributes:
      source: room
      pipeline:
        - type: detections
          attributes: {{detector_name: coco, confidence_threshold: 0.5, valid_labels: [person]}}
    style: {{color: "#ff00ff", line_width_px: 4}}
services:
  - name: coco
    type: vision
    model: mlmodel
    attributes:
      model_path: {data}/models/coco_ssd_mobilenet_v1_quant.tflite
      label_path: {data}/labels/coco_ssd_90.txt
      num_threads: 1
"""


@needs_data
def test_the_person_is_boxed_at_the_pace_of_the_clip(page: Page, tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(CONFIG.format(data=DATA))
    with Serving("people.yaml", cwd=tmp_path) as serving:
        page.goto(f"{serving.url}healthz")
        viewer = Viewer(page, "people")
        first = viewer.wait_for(30)
        last = viewer.wait_for(30)
        rate = (last.frames_decoded - first.frames_decoded) / (last.at_s - first.at_s)
        assert rate == pytest.approx(10, rel=0.15)
        # From frame 20 to 120 the person stands in the same place: the golden results of these frames agree.
        golden = [row["best"]["box"] for row in expected()["video"]["person_768x432.mp4"]["sampled"][3:12]]
        y_min, x_min, y_max, x_max = (sum(values) / len(golden) for values in zip(*golden, strict=True))
        picture = viewer.picture().astype(int)
        magenta = (picture[:, :, 0] > 150) & (picture[:, :, 2] > 150) & (picture[:, :, 1] < 110)
        columns = magenta[int(432 * (y_min + 0.1)) : int(432 * (y_max - 0.1))].mean(axis=0)
        sides = [x for x in range(768) if columns[x] > 0.8]
        assert min(abs(x - 768 * x_min) for x in sides) < 20
        assert min(abs(x - 768 * x_max) for x in sides) < 20
