"""Keypoints."""

from __future__ import annotations

import numpy as np
import pytest

from cameras import BoundingBox, Keypoint, Keypoints, Movement
from tests.cameras.annotations.movements import NOWHERE

POINTS = (Keypoint("head", 0.5, 0.25, 0.9), Keypoint("hand", 0.75, 0.5, 0.3), Keypoint("foot", 0.5, 1.0, 0.2))
PERSON = Keypoints("person", 0.8, points=POINTS, skeleton=((0, 1), (0, 2)))


def movement(across: float, down: float) -> Movement:
    return Movement(lambda box: None, lambda mask: mask, lambda points: points + [across, down])


def test_keypoints_on_the_wire_have_their_places_in_pixels_and_in_fractions() -> None:
    assert (PERSON.kind, PERSON.to_wire(640, 480)) == (
        "keypoint",
        {
            "class_name": "person",
            "confidence": 0.8,
            "points": [
                {"name": "head", "x": 320, "y": 120, "x_normalized": 0.5, "y_normalized": 0.25, "confidence": 0.9},
                {"name": "hand", "x": 480, "y": 240, "x_normalized": 0.75, "y_normalized": 0.5, "confidence": 0.3},
                {"name": "foot", "x": 320, "y": 479, "x_normalized": 0.5, "y_normalized": 1.0, "confidence": 0.2},
            ],
            "skeleton": [[0, 1], [0, 2]],
        },
    )


def test_points_outside_keep_their_place_in_the_list_but_no_confidence() -> None:
    moved = PERSON.moved(movement(0.0, 0.125))
    assert moved is not None
    assert moved.points == (
        Keypoint("head", 0.5, 0.375, 0.9),
        Keypoint("hand", 0.75, 0.625, 0.3),
        Keypoint("foot", 0.5, 1.125, 0.0),
    )
    foot = moved.to_wire(640, 480)["points"][2]
    assert foot == {"name": "foot", "x": 320, "y": 479, "x_normalized": 0.5, "y_normalized": 1.0, "confidence": 0.0}


def test_keypoints_leave_the_frame_with_their_last_point() -> None:
    moved = PERSON.moved(movement(0.0, -0.75))
    assert moved is not None
    assert [point.confidence for point in moved.points] == [0.0, 0.0, 0.2]
    assert moved.moved(movement(0.0, 0.5)) is not None
    assert moved.moved(movement(0.0, 0.9)) is None, "points that had left do not come back"
    assert PERSON.moved(NOWHERE) is None
    assert Keypoints("person", 0.8, points=()).moved(movement(0, 0)) is None


def test_a_point_on_the_edge_survives_rounding() -> None:
    moved = PERSON.moved(movement(0.0, 1e-16 + 1e-12))
    assert moved is not None
    assert moved.points[2] == Keypoint("foot", 0.5, 1.0, 0.2)


def test_a_point_without_a_place_is_at_zero_without_confidence() -> None:
    def lost(points: np.ndarray) -> np.ndarray:
        return np.where([[True], [False], [False]], np.nan, points)

    moved = PERSON.moved(Movement(lambda box: None, lambda mask: mask, lost))
    assert moved is not None
    assert moved.points[0] == Keypoint("head", 0.0, 0.0, 0.0)
    broken = Keypoints("person", 0.8, points=(Keypoint("head", float("nan"), 0.5, 0.9),))
    assert broken.to_wire(64, 48)["points"][0]["confidence"] == 0.0
    assert broken.rank(64, 48) is None


def test_the_bounds_are_around_the_visible_points() -> None:
    assert PERSON.bounds == BoundingBox(0.5, 0.25, 0.75, 0.5)
    assert Keypoints("person", 0.8, points=POINTS[2:]).bounds is None


def test_the_box_of_the_object_moves_with_it_and_is_its_bounds() -> None:
    box, smaller = BoundingBox(0.25, 0.0, 1.0, 1.0), BoundingBox(0.25, 0.0, 0.5, 0.5)
    person = Keypoints("person", 0.8, points=POINTS, box=box)
    assert person.bounds == box
    moved = person.moved(Movement(lambda old: smaller, lambda mask: mask, lambda points: points))
    assert moved == Keypoints("person", 0.8, points=POINTS, box=smaller)
    assert person.to_wire(64, 48) == Keypoints("person", 0.8, points=POINTS).to_wire(64, 48)


def test_keypoints_rank_by_confidence_unless_all_points_are_outside() -> None:
    assert PERSON.rank(64, 48) == 0.8
    assert Keypoints("person", 0.8, points=(Keypoint("head", 1.5, 0.5, 0.9),)).rank(64, 48) is None


@pytest.mark.parametrize("pair", [(0, 3), (-1, 0)])
def test_a_skeleton_joins_existing_points(pair: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=rf"skeleton joins \[{pair[0]}, {pair[1]}\], but there are 3 points"):
        Keypoints("person", 0.8, points=POINTS, skeleton=(pair,))
