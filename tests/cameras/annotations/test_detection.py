"""Detections."""

from __future__ import annotations

import math

import pytest

from cameras import BoundingBox, Detection, Movement
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
