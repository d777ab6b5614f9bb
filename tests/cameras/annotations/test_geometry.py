"""Boxes in fractions and in pixels."""

from __future__ import annotations

import math

import pytest

from cameras import BoundingBox


@pytest.mark.parametrize(
    ("box", "pixels"),
    [
        (BoundingBox(0, 0, 1, 1), (0, 0, 100, 50)),
        (BoundingBox(0.1, 0.2, 0.5, 0.6), (10, 10, 50, 30)),
        (BoundingBox(-0.5, -1, 2, 3), (0, 0, 100, 50)),  # reaches outside on every side
        (BoundingBox(0.5, 0.5, 0.5001, 0.5001), (50, 25, 51, 26)),  # thinner than a pixel
        (BoundingBox(0.9999, 0.9999, 1, 1), (99, 49, 100, 50)),  # at the very edge
    ],
)
def test_a_box_in_pixels_is_never_empty_and_never_outside(box: BoundingBox, pixels: tuple[int, ...]) -> None:
    assert box.to_pixels(100, 50) == pixels


def test_a_box_is_clipped_to_the_frame() -> None:
    assert BoundingBox(-0.2, 0.5, 0.4, 1.7).clipped() == BoundingBox(0.0, 0.5, 0.4, 1.0)
    inside = BoundingBox(0.0, 0.5, 0.4, 1.0)
    assert inside.clipped() is inside


@pytest.mark.parametrize(
    "box",
    [
        BoundingBox(1.0, 0, 1.5, 1),
        BoundingBox(-1, 0, 0, 1),
        BoundingBox(0.5, 0, 0.5, 1),
        BoundingBox(0, math.nan, 1, 1),
    ],
)
def test_a_box_outside_the_frame_is_clipped_to_none(box: BoundingBox) -> None:
    assert box.clipped() is None


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        (BoundingBox(0.0, 0.0, 0.4, 0.4), 1.0),
        (BoundingBox(0.2, 0.0, 0.6, 0.4), 1 / 3),
        (BoundingBox(0.1, 0.1, 0.3, 0.3), 1 / 4),
        (BoundingBox(0.4, 0.0, 0.8, 0.4), 0.0),  # touches it
        (BoundingBox(0.6, 0.6, 0.8, 0.8), 0.0),
    ],
)
def test_the_overlap_of_boxes_is_intersection_over_union(other: BoundingBox, overlap: float) -> None:
    box = BoundingBox(0.0, 0.0, 0.4, 0.4)
    assert box.overlap(other) == other.overlap(box) == pytest.approx(overlap)


def test_a_box_grows_relative_to_its_size() -> None:
    assert BoundingBox(0.25, 0.5, 0.75, 0.75).grown(0.5) == BoundingBox(0.0, 0.375, 1.0, 0.875)
    assert BoundingBox(0.25, 0.5, 0.75, 0.75).grown(0) == BoundingBox(0.25, 0.5, 0.75, 0.75)
