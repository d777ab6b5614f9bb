"""Real models on photographs and a video, against golden results, on both runtimes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.shared import DATA, expected, needs_data
from tests.vision import golden

ROOT = Path(__file__).parents[2]
TFLITE_PYTHON = Path(os.environ.get("CAMWEAVE_TFLITE_PYTHON") or ROOT / ".venv-tflite/bin/python")
SCORE_MARGIN = {"classification": 0.06, "detection": 0.05}

pytestmark = needs_data


def run_litert() -> dict[str, Any]:
    return golden.results(DATA, expected()["classification"], expected())


def run_tflite_runtime() -> dict[str, Any]:
    if not TFLITE_PYTHON.is_file():
        pytest.fail(f"{TFLITE_PYTHON} is not there; `make install` makes it")
    done = subprocess.run(
        [TFLITE_PYTHON, "-m", "tests.vision.golden", DATA], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads(done.stdout)
    return results


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((run_litert, "ai-edge-litert-"), id="litert"),
        pytest.param(
            (run_tflite_runtime, "tflite-runtime-"),
            id="tflite-runtime",
            marks=pytest.mark.skipif(sys.version_info >= (3, 12), reason="tflite-runtime has no wheel for this Python"),
        ),
    ],
)
def found(request: pytest.FixtureRequest) -> dict[str, Any]:
    run, runtime = request.param
    results: dict[str, Any] = run()
    assert results["runtime"].startswith(runtime)
    return results


def overlap(first: Sequence[float], second: Sequence[float]) -> float:
    """Return intersection over union of two boxes (ymin, xmin, ymax, xmax)."""
    height = max(0.0, min(first[2], second[2]) - max(first[0], second[0]))
    width = max(0.0, min(first[3], second[3]) - max(first[1], second[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return height * width / (sum(areas) - height * width)


def is_within(score: float, limits: Sequence[float], margin: float) -> bool:
    return limits[0] - margin <= score <= limits[1] + margin


def test_classifiers_agree_with_the_golden_results(found: dict[str, Any]) -> None:
    labels = (DATA / "labels/imagenet_1001.txt").read_text().splitlines()
    wrong: list[object] = []
    for model, images in expected()["classification"].items():
        for name, golden_result in images.items():
            result = found["classification"][model][name]
            assert len(result) == len(labels)
            scores = dict(result)
            accepted = golden_result["accept_top1"]
            if golden_result["stable_top1"]:
                accepted = [golden_result["top5"][0]["index"]]
            if result[0][0] not in [labels[index] for index in accepted]:
                wrong.append((model, name, result[0], accepted))
            for row in golden_result["top5"]:
                if not is_within(scores[labels[row["index"]]], row["range"], SCORE_MARGIN["classification"]):
                    wrong.append((model, name, row["label"], scores[labels[row["index"]]], row["range"]))
    assert wrong == []


def disagreements(model: str, found: dict[str, Any]) -> list[object]:
    """Return what a detector does not find, and what it finds that is in no golden result."""
    wrong: list[object] = []
    for name, golden_result in expected()["detection"][model]["images"].items():
        result = found[name]
        for row in golden_result["detections"]:
            box = [min(max(number, 0.0), 1.0) for number in row["box"]]
            matches = [
                item
                for item in result
                if item["label"] == row["label"]
                and overlap(item["box"], box) >= 0.65
                and is_within(item["score"], row["range"], SCORE_MARGIN["detection"])
            ]
            if row["stable"] and not matches:
                wrong.append((name, row, result))
        known = golden_result["classes_any_variant"]
        wrong += [(name, item) for item in result if item["score"] >= 0.6 and item["label"] not in known]
    return wrong


@pytest.mark.parametrize("model", [golden.DETECTOR, golden.FACES])
def test_detectors_agree_with_the_golden_results(found: dict[str, Any], model: str) -> None:
    assert disagreements(model, found["detection"][model]) == []


def test_the_onnx_detector_agrees_with_the_golden_results() -> None:
    assert disagreements(golden.RAW, golden.detected(DATA, golden.RAW, expected())) == []


def test_segmenters_agree_with_the_golden_results(found: dict[str, Any]) -> None:
    wrong: list[object] = []
    for model, images in expected()["segmentation"].items():
        for name, golden_result in images.items():
            result = found["segmentation"][model][name]
            for row in golden_result["coverage"]:
                share = result["coverage"].get(row["label"], 0.0)
                if row["fraction"] >= 0.02 and not is_within(share, row["range"], 0.03):
                    wrong.append((model, name, row, share))
            # The golden maps are those of one runtime and one way to resize; the least says how far others are off.
            if result["agreement"] < min(0.99, golden_result["pixel_agreement_min"]):
                wrong.append((model, name, result["agreement"]))
            assert all(0.2 < confidence <= 1.0 for confidence in result["confidence"].values())
    assert wrong == []


def test_the_video_agrees_with_the_golden_results(found: dict[str, Any]) -> None:
    golden_result = expected()["video"][golden.VIDEO]
    wrong: list[object] = []
    for row in golden_result["sampled"]:
        result = found["video"][str(row["frame"])]
        kept = [item for item in result if item["score"] >= golden_result["threshold"]]
        for label, count in row["counts"].items():
            if not is_within(sum(item["label"] == label for item in kept), count["range"], 1):
                wrong.append((row["frame"], label, count, kept))
        best = row["best"]
        if best["score"] >= 0.6:
            if result[0]["label"] != best["label"] or overlap(result[0]["box"], best["box"]) < 0.65:
                wrong.append((row["frame"], best, result[0]))
    assert len(found["video"]) == len(golden_result["sampled"])
    assert wrong == []


def test_damaged_models_are_reported(found: dict[str, Any]) -> None:
    assert found["damaged"]
    assert all(message.startswith("FILE: the ") for message in found["damaged"])
