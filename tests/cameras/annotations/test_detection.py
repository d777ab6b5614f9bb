"""Detections."""

from __future__ import annotations

import base64
import math

import cv2
import numpy as np
import pytest

from cameras import BoundingBox, Detection, Movement, as_mask
from tests.cameras.annotations.movements import NOWHERE


def test_a_detection_moves_with_the_pixels() -> None:
    moved = BoundingBox(0, 0, 0.5, 0.5)
    detection = Detection("star", 0.9, box=BoundingBox(0.2, 0.2, 0.4, 0.4), service="shapes")
    movement = Movement(lambda box: moved, lambda mask: mask, lambda points: points)
    assert detection.moved(movement) == Detection("star", 0.9, box=moved, service="shapes")
    assert detection.moved(NOWHERE) is None


def test_a_detection_on_the_wire_has_its_box_in_pixels_and_in_fractions() -> None:
    assert Detection("cat", 0.5, box=BoundingBox(0.25, -0.1, 0.5, 1.2)).to_wire(640, 480) == {
        "class_name": "cat",
        "confidence": 0.5,
        "x_min": 160,
        "y_min": 0,
        "x_max": 320,
        "y_max": 480,
        "x_min_normalized": 0.25,
        "y_min_normalized": 0.0,
        "x_max_normalized": 0.5,
        "y_max_normalized": 1.0,
    }


def test_a_detection_outside_the_picture_has_an_empty_box_on_the_wire() -> None:
    item = Detection("cat", 0.5, box=BoundingBox(1.0, 0.0, 1.5, 1.0)).to_wire(640, 480)
    assert [item[f"{name}_normalized"] for name in ("x_min", "y_min", "x_max", "y_max")] == [0.0, 0.0, 0.0, 0.0]


def test_a_tracked_detection_has_its_number_on_the_wire() -> None:
    box = BoundingBox(0.0, 0.0, 1.0, 1.0)
    assert Detection("cat", 0.5, box=box, track_id=7).to_wire(8, 8)["track_id"] == 7
    assert "track_id" not in Detection("cat", 0.5, box=box).to_wire(8, 8)


@pytest.mark.parametrize(
    ("box", "rank"),
    [
        (BoundingBox(0.25, -0.1, 0.5, 1.2), 0.5),
        (BoundingBox(0.5, 0.5, 0.5001, 0.5001), 0.5),
        (BoundingBox(1.0, 0.0, 1.5, 1.0), None),
        (BoundingBox(math.nan, 0.0, 0.5, 1.0), None),
    ],
    ids=["partly outside", "thinner than a pixel", "wholly outside", "nowhere"],
)
def test_a_detection_ranks_by_its_confidence_unless_its_box_is_outside(box: BoundingBox, rank: float | None) -> None:
    assert Detection("cat", 0.5, box=box).rank(640, 480) == rank


TURNED = Detection(
    "ship", 0.5, box=BoundingBox(0.25, 0.25, 0.75, 0.75), polygon=((0.5, 0.25), (0.75, 0.5), (0.5, 0.75), (0.25, 0.5))
)
MASKED = Detection("cat", 0.5, box=BoundingBox(0.0, 0.0, 0.5, 1.0), mask=as_mask(np.array([[True, False]])))


def test_a_turned_box_has_its_corners_on_the_wire_even_outside_the_picture() -> None:
    box = BoundingBox(-0.5, 0.0, 0.5, 1.0)
    item = Detection("ship", 0.5, box=box, polygon=((0.0, 0.0), (0.5, 0.5), (0.0, 1.0), (-0.5, 0.5))).to_wire(640, 480)
    assert item["polygon"] == [[0.0, 0.0], [320.0, 240.0], [0.0, 480.0], [-320.0, 240.0]]
    assert item["polygon_normalized"] == [[0.0, 0.0], [0.5, 0.5], [0.0, 1.0], [-0.5, 0.5]]
    assert (item["x_min"], item["x_max"], item["x_min_normalized"]) == (0, 320, 0.0)


def test_the_mask_of_a_detection_is_a_picture_on_the_wire_and_may_be_left_out() -> None:
    item = MASKED.to_wire(4, 2)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(item.pop("mask_png")), np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.tolist() == [[255, 255, 0, 0]] * 2
    assert MASKED.to_wire(4, 2, masks=False) == item == Detection("cat", 0.5, box=MASKED.box).to_wire(4, 2)


def test_a_turned_box_and_a_mask_move_with_the_pixels() -> None:
    shear = Movement(
        lambda box: BoundingBox(box.x_min, box.y_min, box.x_max + 1, box.y_max),
        lambda mask: mask[:, ::-1],
        lambda points: points + points[:, ::-1] * [0.5, 0.0] - [0.25, 0.0],
    )
    moved = TURNED.moved(shear)
    assert moved is not None
    assert moved.polygon == ((0.375, 0.25), (0.75, 0.5), (0.625, 0.75), (0.25, 0.5))
    assert moved.box == BoundingBox(0.25, 0.25, 0.75, 0.75), "around the corners, not around the sheared box"
    masked = MASKED.moved(shear)
    assert masked is not None and masked.mask is not None
    assert masked.mask.tolist() == [[0, 255]]


def test_what_cannot_be_moved_is_left_out() -> None:
    box = BoundingBox(0.0, 0.0, 0.5, 0.5)
    lost = Movement(lambda old: box, np.zeros_like, lambda points: np.full_like(points, np.nan))
    assert TURNED.moved(lost) == Detection("ship", 0.5, box=box)
    moved = MASKED.moved(lost)
    assert moved is not None and moved.mask is None
    assert TURNED.moved(Movement(lambda old: box, np.array, lambda points: points + 1.0)) is None
    assert TURNED.moved(NOWHERE) is None


def test_detections_compare_without_their_masks() -> None:
    assert Detection("cat", 0.5, box=MASKED.box) == MASKED
