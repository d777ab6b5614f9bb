"""A clip of a person walking through a room, with a detector that many use."""

import json
import os
import subprocess
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page

from tests.serving import Serving, command
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


def encoded(serving: Serving) -> int:
    """Give how many frames of the annotated camera have been encoded so far."""
    (encoder,) = serving.camera("people")["encoders"]
    frames: int = encoder["frames"]
    return frames


@needs_data
def test_the_person_is_boxed_at_the_pace_of_the_clip(page: Page, tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(CONFIG.format(data=DATA))
    with Serving("people.yaml", cwd=tmp_path) as serving:
        page.goto(f"{serving.url}healthz")
        viewer = Viewer(page, "people")
        first, sent = viewer.wait_for(30), encoded(serving)
        last, sent_later = viewer.wait_for(30), encoded(serving)
        decoded = last.frames_decoded - first.frames_decoded
        # What is encoded is what the browser decodes, at the pace of the clip. A machine that is busy with other things
        # may hold the clip up, but nothing may hurry it.
        assert decoded == pytest.approx(sent_later - sent, abs=4)
        assert 5 < decoded / (last.at_s - first.at_s) < 10.5
        # From frame 20 to 120 the person stands in the same place: the golden results of these frames agree.
        golden = [row["best"]["box"] for row in expected()["video"]["person_768x432.mp4"]["sampled"][3:12]]
        y_min, x_min, y_max, x_max = (sum(values) / len(golden) for values in zip(*golden, strict=True))
        picture = viewer.picture().astype(int)
        magenta = (picture[:, :, 0] > 150) & (picture[:, :, 2] > 150) & (picture[:, :, 1] < 110)
        columns = magenta[int(432 * (y_min + 0.1)) : int(432 * (y_max - 0.1))].mean(axis=0)
        sides = [x for x in range(768) if columns[x] > 0.8]
        assert min(abs(x - 768 * x_min) for x in sides) < 20
        assert min(abs(x - 768 * x_max) for x in sides) < 20


def overlap(first: list[float], second: list[float]) -> float:
    """Give the intersection over the union of two boxes (y_min, x_min, y_max, x_max)."""
    height = min(first[2], second[2]) - max(first[0], second[0])
    width = min(first[3], second[3]) - max(first[1], second[1])
    both = max(height, 0) * max(width, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return both / (sum(areas) - both)


@needs_data
def test_annotate_finds_in_every_sampled_frame_what_the_golden_results_have(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(CONFIG.format(data=DATA))
    clip = str(DATA / "video/person_768x432.mp4")
    files = ["--input", clip, "--output", "people.mp4", "--json", "people.jsonl"]
    done = subprocess.run(
        [*command(), "annotate", "people.yaml", "--camera", "people", *files],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    lines = [json.loads(line) for line in (tmp_path / "people.jsonl").read_text().splitlines()]
    golden = expected()["video"]["person_768x432.mp4"]
    assert [line["frame"] for line in lines] == list(range(golden["frames"]))
    assert lines[-1]["pts_s"] == pytest.approx(golden["last_pts_s"])
    for row in golden["sampled"]:
        found = lines[row["frame"]]["detections"]
        least, most = row["counts"].get("person", {"range": [0, 0]})["range"]
        assert least <= len(found) <= most, f"frame {row['frame']}: {found}"
        if found and row["best"]["label"] == "person":
            best = [found[0][f"{name}_normalized"] for name in ("y_min", "x_min", "y_max", "x_max")]
            assert overlap(best, row["best"]["box"]) >= 0.65, f"frame {row['frame']}"
            assert found[0]["confidence"] == pytest.approx(row["best"]["score"], abs=0.08)
    with av.open(str(tmp_path / "people.mp4")) as written:
        assert sum(1 for _ in written.decode(video=0)) == golden["frames"]
