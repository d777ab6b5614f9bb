"""Skeletons, turned boxes and the masks of detections, as they are painted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cameras import Annotation, BoundingBox, Detection, Frame, Image, Keypoint, Keypoints, Matrix, Segmentation, as_mask
from tests.transforms.painting.test_layout import gray, layout, texts
from transforms import Style, paint

COLOR = [30, 160, 220]  # blue, green, red
STYLE = Style(color="#dca01e")
EDGE = [0, 0, 0]  # black is readable on it
GROUND = [100, 100, 100]

POINTS = (
    Keypoint("neck", 0.5, 0.25, 0.9),
    Keypoint("hand", 0.75, 0.5, 0.4),
    Keypoint("foot", 0.5, 0.875, 0.5),
    Keypoint("tail", 0.25, 0.5, 0.24),
)
ANIMAL = Keypoints("animal", 0.8, points=POINTS, skeleton=((0, 1), (0, 2), (0, 3)))
TURNED = Detection(
    "ship", 0.5, box=BoundingBox(0.25, 0.25, 0.75, 0.75), polygon=((0.5, 0.25), (0.75, 0.5), (0.5, 0.75), (0.25, 0.5))
)


def painted(*annotations: Annotation, size: tuple[int, int] = (320, 240), planes: bool = False) -> Image:
    frame = gray(*size, *annotations, matrix=Matrix.BT601 if planes else None)
    return paint(frame, STYLE).image


def near(image: Image, x: float, y: float, color: list[int]) -> bool:
    """Return whether the pixel at a place, in fractions, has a colour, within what planes round."""
    height, width = image.shape[:2]
    return bool(np.abs(image[int(y * height), int(x * width)].astype(int) - color).max() <= 12)


@pytest.mark.parametrize("planes", [False, True], ids=["bgr", "planes"])
def test_a_skeleton_has_discs_and_lines(planes: bool) -> None:
    image = painted(ANIMAL, planes=planes)
    assert near(image, 0.5, 0.25, COLOR), "a sure point is filled"
    assert near(image, 0.5, 0.875, COLOR), "0.5 is sure"
    assert near(image, 0.5, 0.6, COLOR), "a line"
    assert near(image, 0.75, 0.5, EDGE), "a less sure point is hollow"
    assert near(image, 0.25, 0.5, GROUND), "an unsure point is left out"
    assert near(image, 0.375, 0.375, GROUND), "and so is its line"
    assert texts(layout(320, 240, ANIMAL)) == ["animal: 0.80"]


def width_of_line(image: Image, row: float) -> int:
    pixels = image[int(row * len(image))].astype(int)
    return int((np.abs(pixels - COLOR).max(axis=1) <= 60).sum())


@pytest.mark.parametrize(("size", "width"), [((640, 360), 2), ((1920, 1080), 6), ((3840, 2160), 10)])
def test_lines_are_as_wide_as_those_of_boxes(size: tuple[int, int], width: int) -> None:
    upright = replace(ANIMAL, points=POINTS[::2], skeleton=((0, 1),))
    image = painted(upright, size=size)
    assert abs(width_of_line(image, 0.6) - width) <= 1
    assert layout(*size, Detection("a", 0.5, box=TURNED.box)).line_width == width


def test_lines_of_less_sure_points_and_small_objects_are_thinner() -> None:
    lines = [line.width for line, _ in layout(1920, 1080, ANIMAL).lines]
    assert lines == [3, 6], "to the hand, to the foot"
    small = replace(ANIMAL, points=tuple(point._replace(x=point.x / 20, y=point.y / 20) for point in POINTS))
    assert [line.width for line, _ in layout(1920, 1080, small).lines] == [1, 1]
    assert max(disc.radius for disc, _ in layout(1920, 1080, small).discs) == 3


def test_a_skeleton_without_a_visible_point_is_not_painted() -> None:
    hidden = replace(ANIMAL, points=tuple(point._replace(confidence=0.2) for point in POINTS))
    outside = replace(ANIMAL, points=tuple(point._replace(x=1.5) for point in POINTS))
    lost = replace(ANIMAL, points=tuple(point._replace(x=float("nan")) for point in POINTS))
    for nothing in (hidden, outside, lost, Keypoints("animal", 0.8, points=())):
        assert np.array_equal(painted(nothing), gray(320, 240).image)


def test_a_line_to_a_point_outside_is_left_out() -> None:
    leaving = replace(ANIMAL, points=(*POINTS[:2], POINTS[2]._replace(y=1.5), POINTS[3]))
    assert near(painted(leaving), 0.5, 0.6, GROUND)


@pytest.mark.parametrize("planes", [False, True], ids=["bgr", "planes"])
def test_a_turned_box_is_drawn_along_its_edges(planes: bool) -> None:
    image = painted(TURNED, planes=planes)
    assert near(image, 0.375, 0.375, COLOR) and near(image, 0.625, 0.625, COLOR)
    assert near(image, 0.25, 0.25, GROUND), "its upright box is not drawn"
    assert near(image, 0.5, 0.5, GROUND)
    assert texts(layout(320, 240, TURNED)) == ["ship: 0.50"]


def test_a_turned_box_may_leave_the_picture() -> None:
    far = replace(TURNED, polygon=((0.5, 0.25), (1e9, 0.5), (0.5, 0.75), (-1e9, 0.5)))
    assert painted(far).shape == (240, 320, 3)
    outside = replace(TURNED, polygon=tuple((x + 2, y) for x, y in TURNED.polygon or ()))
    assert np.array_equal(painted(outside), gray(320, 240).image)


def test_a_detection_with_a_mask_is_tinted_and_labelled_once() -> None:
    mask = as_mask(np.array([[True, True], [False, False]]))
    masked = Detection("cat", 0.5, box=BoundingBox(0.0, 0.0, 1.0, 0.5), mask=mask)
    laid_out = layout(320, 240, masked)
    assert texts(laid_out) == ["cat: 0.50"]
    assert len(laid_out.masks) == len(laid_out.outlines) == 1
    inside: Frame = gray(320, 240, masked)
    alone = paint(gray(320, 240, Segmentation("cat", 0.5, mask=mask)), STYLE).image
    assert np.array_equal(paint(inside, STYLE).image[90, 20], alone[90, 20])
