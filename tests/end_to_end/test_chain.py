"""A chain of four cameras, each watched by two browsers: everything is done once."""

import time
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from tests.serving import Serving

from .browsers import Viewer, launch

CONFIG = """
cameras:
  - name: yard
    model: test_pattern
    attributes: {width_px: 640, height_px: 360, frame_rate: 15}
    linger_s: 1
  - name: found
    model: transform
    linger_s: 1
    attributes:
      source: yard
      pipeline:
        - {type: detections, attributes: {detector_name: boxes, confidence_threshold: 0.5}}
  - name: named
    model: transform
    linger_s: 1
    attributes:
      source: found
      pipeline:
        - {type: classifications, attributes: {classifier_name: names, confidence_threshold: 0.2}}
  - name: part
    model: transform
    linger_s: 1
    attributes:
      source: named
      pipeline:
        - {type: crop, attributes: {x_min_px: 0.25, y_min_px: 0.25, x_max_px: 0.75, y_max_px: 0.75}}
services:
  - name: boxes
    type: vision
    model: mlmodel
    attributes: {model_path: MODELS/shapes_detector.tflite, label_path: MODELS/shapes.txt, num_threads: 1}
  - name: names
    type: vision
    model: mlmodel
    attributes: {model_path: MODELS/shapes_classifier.tflite, label_path: MODELS/shapes.txt, num_threads: 1}
"""
END_S = 10.0
LINGER_S = 1
CAMERAS = ("yard", "found", "named", "part")
MODELS = Path(__file__).parents[2] / "configs/models"


def threads(serving: Serving) -> list[str]:
    return sorted(path.name for path in Path(f"/proc/{serving.process.pid}/task").iterdir())


def test_everything_runs_once_whoever_watches(chromium: Browser, playwright: Playwright, tmp_path: Path) -> None:
    (tmp_path / "chain.yaml").write_text(CONFIG.replace("MODELS", str(MODELS)))
    second = launch(playwright)
    with Serving("chain.yaml", cwd=tmp_path) as serving:
        before = len(threads(serving))
        pages = [browser.new_context().new_page() for browser in (chromium, second)]
        viewers = []
        for page in pages:
            page.goto(f"{serving.url}healthz")
            viewers += [Viewer(page, camera) for camera in CAMERAS]
        for viewer in viewers:
            viewer.wait_for(30)
        status = {camera: serving.camera(camera) for camera in CAMERAS}
        decoded = status["yard"]["counters"]["decoded"]
        assert decoded >= 30
        for camera in CAMERAS:
            counters = status[camera]["counters"]
            assert status[camera]["viewers"] == 2
            assert [encoder["annotations"] for encoder in status[camera]["encoders"]] == [camera != "yard"]
            # Asked one after the other: whoever is asked later has seen a few frames more.
            assert counters["encoded"] <= decoded + 15
            assert counters["frames_out"] <= decoded + 15
            assert counters["errors"] == 0
        assert status["found"]["counters"]["inferences"]["boxes"] <= decoded + 15
        assert status["named"]["counters"]["inferences"]["names"] <= decoded + 15
        assert "boxes" not in status["named"]["counters"]["inferences"]
        assert all(status[camera]["counters"]["decoded"] == 0 for camera in CAMERAS[1:])

        for viewer in viewers:
            viewer.leave()
        left_at_s = time.monotonic()
        for camera in CAMERAS:
            viewers[0].wait_for_state(camera, "idle", timeout_s=LINGER_S + 2)
            assert serving.camera(camera)["encoders"] == []
            assert serving.camera(camera)["viewers"] == 0
        assert time.monotonic() - left_at_s < LINGER_S + 2
        # Nothing of a camera, line or encoder is left; the pool that answers requests keeps its workers. The threads of
        # a camera may end a moment after it is idle.
        deadline_s = time.monotonic() + END_S
        while len(left := threads(serving)) > before + 2:
            assert time.monotonic() < deadline_s, left
            serving.camera(CAMERAS[0])
        for page in pages:
            page.context.close()
        second.close()
