from __future__ import annotations

import cv2
import numpy as np
import pytest

from cameras import BoundingBox, Caption, Detection, Keypoint, Keypoints, Prediction, Segmentation, as_mask
from transforms.modes.interpolation import between


def detection(label: str, x: float, width: float = 0.2, **more: object) -> Detection:
    return Detection(label, 0.9, box=BoundingBox(x, 0.4, x + width, 0.6), **more)  # type: ignore[arg-type]


def boxes(found: tuple[Prediction, ...]) -> dict[str, tuple[float, float]]:
    """Return left and right edge of each detection by its label."""
    return {each.label: (each.box.x_min, each.box.x_max) for each in found if isinstance(each, Detection)}


@pytest.mark.parametrize(
    ("share", "expected"), [(0, (0.1, 0.3)), (0.25, (0.15, 0.35)), (0.75, (0.25, 0.45)), (1, (0.3, 0.5))]
)
def test_a_box_moves_in_a_straight_line(share: float, expected: tuple[float, float]) -> None:
    found = between([detection("dog", 0.1)], [detection("dog", 0.3)], share)
    assert boxes(found)["dog"] == pytest.approx(expected)


def test_a_box_grows_evenly() -> None:
    found = between([detection("dog", 0.1)], [detection("dog", 0.1, 0.4)], 0.5)
    assert boxes(found)["dog"] == pytest.approx((0.1, 0.4))


def test_the_nearest_one_with_the_same_label_is_the_same_object() -> None:
    before = [detection("dog", 0.1), detection("dog", 0.5), detection("cat", 0.12)]
    after = [detection("dog", 0.52), detection("cat", 0.2), detection("dog", 0.14)]
    found = between(before, after, 0.25)
    assert [each.box.x_min for each in found if isinstance(each, Detection)] == pytest.approx([0.11, 0.505, 0.14])


def test_what_is_in_one_frame_only_is_shown_while_that_is_the_nearer_one() -> None:
    before, after = [detection("gone", 0.1), detection("far", 0.1)], [detection("come", 0.5), detection("far", 0.7)]
    assert boxes(between(before, after, 0.49)) == boxes(tuple(before)), "too far away to be the same object"
    assert boxes(between(before, after, 0.51)) == boxes(tuple(after))


def test_what_has_no_place_is_that_of_the_nearer_frame() -> None:
    mask = as_mask(np.ones((4, 4), np.bool_))
    before = [Caption("a dog", 0.9), Segmentation("grass", 0.9, mask=mask)]
    after = [Caption("a cat", 0.9), Segmentation("grass", 0.9, mask=mask)]
    assert between(before, after, 0.4) == tuple(before)
    assert between(before, after, 0.6) == tuple(after)


def test_a_mask_and_a_turned_box_move_with_their_box() -> None:
    mask = as_mask(np.pad(np.ones((20, 20), np.bool_), ((40, 40), (10, 70))))
    corners = ((0.1, 0.5), (0.2, 0.4), (0.3, 0.5), (0.2, 0.6))
    (found,) = between([detection("dog", 0.1, mask=mask, polygon=corners)], [detection("dog", 0.3)], 0.4)
    assert isinstance(found, Detection) and found.mask is not None and found.polygon is not None
    assert cv2.boundingRect(found.mask) == (18, 40, 20, 20)
    assert [x for x, _ in found.polygon] == pytest.approx([0.18, 0.28, 0.38, 0.28])


def test_each_point_moves_in_its_own_straight_line_if_it_is_seen_in_both() -> None:
    box = BoundingBox(0.1, 0.1, 0.5, 0.5)

    def person(hand: float, foot: float, foot_seen: float) -> Keypoints:
        points = (Keypoint("hand", hand, 0.2, 0.9), Keypoint("foot", foot, 0.4, foot_seen))
        return Keypoints("person", 0.9, points=points, box=box)

    (found,) = between([person(0.2, 0.3, 0.9)], [person(0.4, 0.0, 0.0)], 0.25)
    assert isinstance(found, Keypoints)
    assert [point.x for point in found.points] == pytest.approx([0.25, 0.3])
    (both,) = between([person(0.2, 0.3, 0.9)], [person(0.4, 0.4, 0.9)], 0.25)
    assert isinstance(both, Keypoints)
    assert [point.x for point in both.points] == pytest.approx([0.25, 0.325])
