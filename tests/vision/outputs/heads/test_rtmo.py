from __future__ import annotations

import numpy as np
import pytest

from cameras import BoundingBox
from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.rtmo import HEAD, find
from vision.outputs.heads.table import find_head

from .test_yolo_pose import detector

SIZE = (64, 64)
CORNER = BoundingBox(0.0, 0.0, 1.0, 0.5)  # a picture of 128x64, letterboxed: the ratio is 0.5
SHAPES = {"dets": (1, 3, 5), "keypoints": (1, 3, 17, 3)}

# Tau-J/rtmlib at 7ff790a, RTMO.postprocess, by hand: boxes and points are divided by the ratio; the second box overlaps
# the first by more than 0.45.
PEOPLE = np.array([[[10, 4, 30, 28, 0.9], [11, 4, 30, 28, 0.8], [40, 8, 60, 24, 0.75]]], np.float32)
POINTS = np.zeros((1, 3, 17, 3), np.float32)
POINTS[0, 0, 0], POINTS[0, 2, 16] = (20, 6, 0.7), (50, 20, 0.4)


def test_people_equal_those_of_the_original() -> None:
    decoder, outputs = detector(HEAD, Evidence(SHAPES, SIZE)), {"dets": PEOPLE, "keypoints": POINTS}
    first, second = decoder.find_points(outputs, SIZE, CORNER)
    assert (first.label, first.points[0].name, second.points[16].name) == ("person", "nose", "right_ankle")
    assert (first.confidence, second.confidence) == pytest.approx((0.9, 0.75))
    assert (first.points[0].x * 128, first.points[0].y * 64, first.points[0].confidence) == pytest.approx((40, 12, 0.7))
    assert (second.points[16].x * 128, second.points[16].y * 64) == pytest.approx((100, 40))
    box = first.box
    assert box is not None
    assert (box.x_min * 128, box.y_min * 64, box.x_max * 128, box.y_max * 64) == pytest.approx((20, 8, 60, 56))


def test_nobody_is_found_in_empty_outputs() -> None:
    model = Evidence({"dets": (1, 0, 5), "keypoints": (1, 0, 17, 3)}, SIZE)
    outputs = {"dets": PEOPLE[:, :0], "keypoints": POINTS[:, :0]}
    assert detector(HEAD, model).find_points(outputs, SIZE, CORNER) == ()


def test_it_is_known_by_the_names_of_its_outputs() -> None:
    chosen = find_head(None, Evidence(SHAPES, SIZE))
    assert chosen is not None and chosen[0].name == "rtmo"
    found = find(Evidence({"a": (1, 3, 5), "b": (1, 3, 17, 3)}, SIZE))
    assert found is not None and not found.is_certain


@pytest.mark.parametrize(
    "shapes",
    [
        {"dets": (1, 3, 5)},
        {"dets": (1, 3, 5), "keypoints": (1, 2, 17, 3)},
        {"dets": (1, 3, 4), "keypoints": (1, 3, 17, 3)},
    ],
)
def test_other_outputs_do_not_match(shapes: dict[str, tuple[int, ...]]) -> None:
    assert find(Evidence(shapes, SIZE)) is None
