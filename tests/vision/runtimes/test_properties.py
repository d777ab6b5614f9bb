from __future__ import annotations

import math
from typing import Any

import pytest

from vision.runtimes.base import Metadata
from vision.runtimes.properties import calibration_parameters, described


def test_what_ultralytics_writes_is_read_from_text_and_from_json() -> None:
    text = {
        "author": "Ultralytics",
        "description": "Ultralytics YOLOv8n-pose model",
        "task": "pose",
        "stride": "32",
        "imgsz": "[480, 640]",
        "kpt_shape": "[17, 3]",
        "names": "{0: 'person'}",
    }
    json: dict[str, Any] = text | {
        "stride": 32, "imgsz": [480, 640], "kpt_shape": [17, 3], "names": {"0": "person"}
    }  # fmt: skip
    for properties in (text, json):
        found = described(properties)
        assert (found.author, found.task, found.description) == ("Ultralytics", "pose", text["description"])
        assert (found.stride, found.size, found.keypoints_shape, found.labels) == (32, (480, 640), (17, 3), ("person",))
        assert (found.mean, found.std) == ((0.0,), (255.0,))
        assert found.properties["kpt_shape"] == "[17, 3]"


@pytest.mark.parametrize(
    ("pixels", "wanted"),
    [
        ("NominalRange_0_255", {0: 0.0, 255: 255.0}),
        ("Normalized_0_1", {0: 0.0, 255: 1.0}),
        ("Normalized_1_1", {0: -1.0, 255: 1.0}),
        ("NominalRange_16_235", {0: 16.0, 255: 235.0}),
    ],
)
def test_the_range_of_pixels_is_that_of_the_file(pixels: str, wanted: dict[int, float]) -> None:
    found = described({"Image.NominalPixelRange": pixels})
    for value, number in wanted.items():
        assert (value - found.mean[0]) / found.std[0] == pytest.approx(number, abs=1e-9)


@pytest.mark.parametrize(("name", "order"), [("Bgr8", "bgr"), ("Rgb8", "rgb"), ("Gray8", ""), ("x", "")])
def test_the_order_of_channels_is_that_of_the_file(name: str, order: str) -> None:
    assert described({"Image.BitmapPixelFormat": name}).color_order == order


def test_what_the_file_states_elsewhere_wins() -> None:
    own = Metadata(labels=("cat",), mean=(1.0,), std=(2.0,), size=(3, 4), author="a", task="t")
    found = described({"author": "Ultralytics", "names": "['dog']", "imgsz": 64, "task": "detect"}, own)
    assert (found.labels, found.mean, found.std, found.size) == (own.labels, own.mean, own.std, own.size)
    assert (found.author, found.task) == ("a", "t")
    assert described({}, own) == own


@pytest.mark.parametrize(
    "properties",
    [
        {"stride": "-1", "imgsz": "[0, 1]", "kpt_shape": "[1, 2, 3]", "names": "{"},
        {"stride": "x", "imgsz": [1.5, 2], "kpt_shape": None, "names": {"a": []}},
        {"stride": True, "imgsz": "999999999", "names": 5, "labels": "", "Image.NominalPixelRange": "?"},
    ],
)
def test_what_is_in_no_known_form_is_left_out(properties: dict[str, Any]) -> None:
    found = described(properties)
    assert (found.labels, found.size, found.keypoints_shape, found.mean) == ((), (), (), ())
    assert found.stride == 0


def test_no_control_character_leaves_the_properties() -> None:
    found = described({"author": "\x1b[31m" * 99, "x\n": "y\n", "names": "['\x07']"})
    assert found.author.isprintable() and len(found.author) == 200
    assert found.properties["x\\n"] == "y\\n"
    assert all(label.isprintable() for label in found.labels)


def test_the_parameters_of_a_calibration_are_one_line_per_class() -> None:
    assert calibration_parameters("0.9,1.5,-0.5\n\n1,2,3,0.1\n") == (
        (0.9, 1.5, -0.5, -math.inf),
        None,
        (1.0, 2.0, 3.0, 0.1),
    )
    for damaged in ("1,2", "a,b,c", "nan,1,1", "-1,1,1", "1,2,3,4,5"):
        assert calibration_parameters(damaged) == ()
