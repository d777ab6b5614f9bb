from __future__ import annotations

import io
import json
import math
import random
import zipfile

import pytest

from tests.shared import DATA, needs_data
from tests.vision import tflite_models
from vision.runtimes.base import Anchors, Metadata, ScoreCalibration
from vision.runtimes.tflite_metadata import read_metadata


def content(metadata: bytes, **files: str) -> bytes:
    buffer = io.BytesIO()
    if files:
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in files.items():
                archive.writestr(f"{name}.txt", text)
    picture, scores = tflite_models.tensor("picture", (1, 2)), tflite_models.tensor("scores", (1, 2))
    return tflite_models.model(picture, scores, metadata=metadata) + buffer.getvalue()


def test_all_metadata_are_read() -> None:
    raw = tflite_models.metadata((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), ("location", "score"), (0, 1, 2, 3), pixels=True)
    assert read_metadata(content(raw)) == Metadata(
        mean=(1.0, 2.0, 3.0),
        std=(4.0, 5.0, 6.0),
        outputs=("location", "score"),
        box_order=(0, 1, 2, 3),
        boxes_in_pixels=True,
    )


def test_labels_come_from_the_named_file() -> None:
    raw = tflite_models.metadata(outputs=("scores",), labels_file="b.txt")
    read = read_metadata(content(raw, a="cat\ndog", b="car\nbus"))
    assert (read.labels, read.labels_file) == (("car", "bus"), "b.txt")
    read = read_metadata(content(raw))
    assert (read.labels, read.labels_file) == ((), "b.txt")


@pytest.mark.parametrize(
    ("mean", "std"),
    [((0.0,), (0.0,)), ((0.0, 1.0), (1.0, 1.0)), ((0.0,), (1.0, 1.0, 1.0)), ((float("nan"),), (1.0,))],
)
def test_an_impossible_normalisation_is_ignored(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    read = read_metadata(content(tflite_models.metadata(mean, std)))
    assert (read.mean, read.std) == ((), ())


def test_an_invalid_box_order_is_ignored() -> None:
    assert read_metadata(content(tflite_models.metadata(outputs=("location",), box_order=(0, 0, 1, 2)))).box_order == ()


@pytest.mark.parametrize("data", [b"", b"TFL3", bytes(100), b"\xff" * 100, content(b""), content(b"M001" * 9)])
def test_missing_metadata_are_empty(data: bytes) -> None:
    assert read_metadata(data) == Metadata()


def test_author_calibration_and_anchors_are_read() -> None:
    detector = tflite_models.anchors([(0.5, 0.5, 0.25, 1.0), (0.25, 0.75, 1.0, 1.0)], (10.0, 10.0, 5.0, 5.0))
    raw = tflite_models.metadata(outputs=("scores",), calibration_file="c.txt", author="me\n", detector=detector)
    read = read_metadata(content(raw, c="0.5,2,1\n"))
    assert read.author == "me\\n"
    assert read.calibration == ScoreCalibration("inverse_logistic", 0.25, ((0.5, 2.0, 1.0, -math.inf),))
    assert read.anchors == Anchors(
        ((0.5, 0.5, 0.25, 1.0), (0.25, 0.75, 1.0, 1.0)), (10.0, 10.0, 5.0, 5.0), sigmoid=True, exponential=False
    )
    assert read_metadata(content(raw, c="no numbers")).calibration is None
    damaged = tflite_models.metadata(outputs=("scores",), author="me", detector=detector[:20])
    assert (read_metadata(content(damaged)).anchors, read_metadata(content(damaged)).author) == (None, "me")


@pytest.mark.parametrize("name", ["temp_meta.txt", "metadata.json"])
def test_what_ultralytics_packs_is_read_as_from_onnx(name: str) -> None:
    properties = {"author": "Ultralytics", "task": "classify", "imgsz": [224, 224], "names": {0: "bright", 1: "dark"}}
    text = json.dumps(properties) if name.endswith("json") else str(properties)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    read = read_metadata(content(b"") + buffer.getvalue())
    assert (read.author, read.task, read.size, read.labels) == (
        "Ultralytics",
        "classify",
        (224, 224),
        ("bright", "dark"),
    )
    assert (read.mean, read.std) == ((0.0,), (255.0,))


def test_labels_are_found_without_metadata() -> None:
    assert read_metadata(content(b"", labels="cat\ndog")).labels == ("cat", "dog")


def test_damaged_metadata_never_raise() -> None:
    whole = content(
        tflite_models.metadata((1.0,), (2.0,), ("location",), (0, 1, 2, 3), labels_file="a.txt"), a="cat\ndog"
    )
    dice = random.Random(0)
    for _ in range(2000):
        damaged = bytearray(whole[: dice.randrange(len(whole))] if dice.random() < 0.3 else whole)
        for _ in range(dice.randrange(1, 6)):
            if damaged:
                damaged[dice.randrange(len(damaged))] = dice.choice((0, 255, 128, dice.randrange(256)))
        assert isinstance(read_metadata(bytes(damaged)), Metadata)


@needs_data
def test_metadata_of_real_models() -> None:
    ssd = read_metadata((DATA / "models/coco_ssd_mobilenet_v1_quant.tflite").read_bytes())
    assert (len(ssd.labels), ssd.labels[0], ssd.box_order) == (90, "person", (1, 0, 3, 2))
    assert ssd.score_columns == 91
    assert ssd.outputs == ("locations", "classes", "scores", "number of detections")
    float_model = read_metadata((DATA / "models/mobilenet_v1_0.25_224_float.tflite").read_bytes())
    assert (len(float_model.labels), float_model.mean, float_model.std) == (1001, (127.5,), (127.5,))
    assert read_metadata((DATA / "models/blazeface_short_range_float.tflite").read_bytes()) == Metadata()
