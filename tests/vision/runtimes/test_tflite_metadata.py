from __future__ import annotations

import io
import random
import zipfile

import pytest

from tests.shared import DATA, needs_data
from tests.vision import tflite_models
from vision.runtimes.base import Metadata
from vision.runtimes.tflite_metadata import read_metadata


def content(metadata: bytes, **files: str) -> bytes:
    buffer = io.BytesIO()
    if files:
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in files.items():
                archive.writestr(f"{name}.txt", text)
    picture, scores = tflite_models.tensor("picture", (1, 2)), tflite_models.tensor("scores", (1, 2))
    return tflite_models.model(picture, scores, metadata=metadata) + buffer.getvalue()


def test_everything_a_model_says_is_read() -> None:
    said = tflite_models.metadata((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), ("location", "score"), (0, 1, 2, 3), pixels=True)
    assert read_metadata(content(said)) == Metadata(
        mean=(1.0, 2.0, 3.0),
        std=(4.0, 5.0, 6.0),
        outputs=("location", "score"),
        box_order=(0, 1, 2, 3),
        boxes_in_pixels=True,
    )


def test_labels_are_those_of_the_file_that_it_names() -> None:
    said = tflite_models.metadata(outputs=("scores",), labels_file="b.txt")
    read = read_metadata(content(said, a="cat\ndog", b="car\nbus"))
    assert (read.labels, read.labels_file) == (("car", "bus"), "b.txt")
    read = read_metadata(content(said))
    assert (read.labels, read.labels_file) == ((), "b.txt")


@pytest.mark.parametrize(
    ("mean", "std"),
    [((0.0,), (0.0,)), ((0.0, 1.0), (1.0, 1.0)), ((0.0,), (1.0, 1.0, 1.0)), ((float("nan"),), (1.0,))],
)
def test_a_normalisation_that_cannot_be_is_none(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    read = read_metadata(content(tflite_models.metadata(mean, std)))
    assert (read.mean, read.std) == ((), ())


def test_a_box_order_that_is_none_is_left_out() -> None:
    assert read_metadata(content(tflite_models.metadata(outputs=("location",), box_order=(0, 0, 1, 2)))).box_order == ()


@pytest.mark.parametrize("data", [b"", b"TFL3", bytes(100), b"\xff" * 100, content(b""), content(b"M001" * 9)])
def test_nothing_said_is_nothing_read(data: bytes) -> None:
    assert read_metadata(data) == Metadata()


def test_labels_are_found_without_metadata() -> None:
    assert read_metadata(content(b"", labels="cat\ndog")).labels == ("cat", "dog")


def test_damage_never_raises() -> None:
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
def test_real_models_say_what_they_are_known_to_say() -> None:
    ssd = read_metadata((DATA / "models/coco_ssd_mobilenet_v1_quant.tflite").read_bytes())
    assert (len(ssd.labels), ssd.labels[0], ssd.box_order) == (90, "person", (1, 0, 3, 2))
    assert ssd.outputs == ("locations", "classes", "scores", "number of detections")
    float_model = read_metadata((DATA / "models/mobilenet_v1_0.25_224_float.tflite").read_bytes())
    assert (len(float_model.labels), float_model.mean, float_model.std) == (1001, (127.5,), (127.5,))
    assert read_metadata((DATA / "models/blazeface_short_range_float.tflite").read_bytes()) == Metadata()
