"""A model that hangs on one picture: it is refused from then on, and nothing else notices."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.cameras.pictures import encoded
from tests.server.served import problem
from tests.serving import Serving
from tests.vision.looping import looping_classifier

INFERENCE_S = 3.0
WAITS_S = 30.0
CONFIG = f"""
cameras:
  - {{name: flat, model: image_file, attributes: {{path: flat.png, frame_rate: 20}}}}
  - {{name: busy, model: image_file, attributes: {{path: busy.png, frame_rate: 20}}}}
  - name: flat-seen
    model: transform
    attributes: {{source: flat, pipeline: [{{type: classifications, attributes: {{classifier_name: loops}}}}]}}
  - name: busy-seen
    model: transform
    attributes: {{source: busy, pipeline: [{{type: detections, attributes: {{detector_name: red}}}}]}}
services:
  - {{name: loops, type: vision, model: mlmodel, attributes: {{model_path: loops.onnx}}}}
  - name: red
    type: vision
    model: color_detector
    attributes: {{detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}}
server: {{limits: {{inference_s: {INFERENCE_S}}}}}
"""
LATE = "the model did not answer within 3 s (server.limits.inference_s)"
HANGS = "hangs in an earlier inference; it is used again when that one ends, or after a restart"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "loops.onnx").write_bytes(looping_classifier())
    (tmp_path / "flat.png").write_bytes(encoded(".png", np.full((48, 64, 3), 90, np.uint8)))
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    (tmp_path / "busy.png").write_bytes(encoded(".png", noise))
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def test_requests_are_refused_at_once_and_those_for_other_services_are_not(folder: Path) -> None:
    flat, busy = (folder / "flat.png").read_bytes(), (folder / "busy.png").read_bytes()
    with Serving("config.yaml", cwd=folder) as serving, ThreadPoolExecutor(8) as pool:
        client = serving.client
        path = "/api/vision/loops/classifications"
        assert len(client.post(path, content=busy).json()["classifications"]) == 2
        began_s = time.monotonic()
        hung = [pool.submit(client.post, path, content=flat) for _ in range(6)]
        for _ in range(5):
            assert client.post("/api/vision/red/detections", content=busy).status_code == 200
            assert client.get("/api/cameras/busy-seen/image").status_code == 200
        for each in hung:
            answer = each.result()
            status, detail = problem(answer)
            assert (status, detail) == (503, "vision service loops cannot use its model; the server's log says why")
            assert answer.headers["retry-after"] == "30"
        assert INFERENCE_S <= time.monotonic() - began_s < INFERENCE_S + WAITS_S
        began_s = time.monotonic()
        assert client.post(path, content=busy).status_code == 503
        assert time.monotonic() - began_s < INFERENCE_S
        services = {each["name"]: each.get("error") for each in client.get("/api/vision").json()}
        assert services == {"loops": f"service loops {HANGS}", "red": None}
        errors = serving.errors()
        assert LATE in errors and "model loops.onnx: no answer within 3 s" in errors
        assert serving.stop() == 0


def test_its_camera_goes_on_without_its_results_and_shows_the_error(folder: Path) -> None:
    with Serving("config.yaml", cwd=folder) as serving:
        client = serving.client
        # The first picture waits for the limit; later ones pass at once.
        assert client.get("/api/cameras/flat-seen/image").status_code == 200
        began_s = time.monotonic()
        for _ in range(5):
            assert client.get("/api/cameras/flat-seen/image").status_code == 200
        assert time.monotonic() - began_s < 2 * INFERENCE_S  # with a wait for each, it would be five
        camera = serving.camera("flat-seen")
        assert camera["state"] == "running"
        assert camera["error"].startswith("pipeline[0] (classifications): loops.onnx: the model ")
        assert client.get("/api/cameras/busy-seen/image").status_code == 200
        assert serving.camera("busy-seen")["error"] is None
        assert serving.stop() == 0


IMPATIENT = """
from cameras import Frame
from pipeline.producers import line
from transforms import Transform
from transforms.base import NoAttributes

line.STUCK_S = 0.5  # sooner than the limit of an inference, as by default


class Impatient(Transform[NoAttributes]):
    type_name = "impatient"
    attributes_type = NoAttributes

    def apply(self, frame: Frame) -> Frame:
        return frame
"""


def test_where_it_hangs_on_a_worker_all_others_are_told(folder: Path) -> None:
    (folder / "impatient.py").write_text(IMPATIENT)
    again = "  - {name: again, type: vision, model: mlmodel, attributes: {model_path: loops.onnx}}\n"
    text = CONFIG.replace("services:\n", f"services:\n{again}")
    (folder / "config.yaml").write_text(f"plugins: [impatient.py]\n{text}")
    with Serving("config.yaml", cwd=folder) as serving, ThreadPoolExecutor(4) as pool:
        client = serving.client
        assert client.get("/api/cameras/flat-seen/image").status_code == 200
        error = serving.camera("flat-seen")["error"]
        assert error.startswith("pipeline[0] (classifications): has worked on one frame for ")
        # The first waits for the frame that hangs, the second for that of its own camera, the others for the model.
        paths = ["again/classifications?camera=flat", "loops/classifications?camera=flat"]
        asked = [pool.submit(client.get, f"/api/vision/{path}") for path in paths]
        asked += [pool.submit(client.get, f"/api/vision/{path.replace('flat', 'busy')}") for path in paths]
        for each in asked:
            assert each.result(WAITS_S).status_code == 503
        services = {each["name"]: each.get("error") for each in client.get("/api/vision").json()}
        assert services == {"loops": f"service loops {HANGS}", "again": f"service again {HANGS}", "red": None}
        assert client.get("/api/cameras/flat-seen/image").status_code == 200
        assert client.get("/api/cameras/busy-seen/image").status_code == 200
        assert "model loops.onnx: no answer within 3 s" in serving.errors()
        assert serving.stop() == 0
