from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cameras import Frame, Intrinsics
from tests.harness import through
from tests.transforms.pictures import DOG, bgr, detection, with_depth, yuv
from tests.transforms.points import points_move_as_boxes_do
from tests.transforms.refusals import refusals
from transforms.resize import Resize, ResizeAttributes


def resized(frame: Frame, **attributes: Any) -> Frame:
    return through(Resize(ResizeAttributes.model_validate(attributes), {}), frame)[0]


def test_the_aspect_is_not_kept_when_both_sides_are_given() -> None:
    out = resized(bgr(8, 6), width_px=4, height_px=12)
    assert (out.width, out.height) == (4, 12)
    assert out.image[0, 0, 2] == 200
    assert out.image[0].tolist()[1][0] == 2  # blue is the column: the middle of columns 2 and 3, rounded to even


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ({"width_px": 4}, (4, 3)),
        ({"height_px": 12}, (16, 12)),
        ({"width_px": 1}, (1, 1)),
        ({"height_px": 1}, (1, 1)),
    ],
)
def test_a_missing_side_keeps_the_aspect(given: dict[str, int], size: tuple[int, int]) -> None:
    out = resized(bgr(8, 6), **given)
    assert (out.width, out.height) == size


def test_a_missing_side_is_limited() -> None:
    out = resized(bgr(2000, 1), width_px=1)
    assert (out.width, out.height) == (1, 1)
    assert resized(bgr(1, 100), height_px=1).width == 1


def test_nearest_takes_pixels_as_they_are() -> None:
    out = resized(bgr(4, 2), width_px=8, height_px=4, interpolation="nearest")
    assert out.image[0, :, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert out.image[:, 0, 1].tolist() == [0, 0, 1, 1]


def test_area_takes_the_mean() -> None:
    out = resized(bgr(8, 2), width_px=2, height_px=1, interpolation="area")
    assert out.image[0, :, 0].tolist() == [2, 6]  # of 0 to 3 and of 4 to 7, halves rounded to even


def test_linear_and_cubic_differ() -> None:
    edge = bgr(8, 2)
    image = np.where(edge.image > 3, 200, 0).astype(np.uint8)
    hard = edge.with_pixels(type(edge.pixels).from_bgr(image), annotations=())
    linear = resized(hard, width_px=13, height_px=2, interpolation="linear").image
    cubic = resized(hard, width_px=13, height_px=2, interpolation="cubic").image
    assert not np.array_equal(linear, cubic)
    np.testing.assert_array_equal(linear, resized(hard, width_px=13, height_px=2).image)


def test_planes_stay_planes_in_an_even_size() -> None:
    frame = yuv(8, 4)
    out = resized(frame, width_px=4, height_px=2, interpolation="nearest")
    assert out.pixels.born_yuv
    assert out.pixels.matrix is frame.pixels.matrix
    assert out.pixels.yuv.u.tolist() == [[1, 3]]


def test_an_odd_size_becomes_bgr() -> None:
    out = resized(yuv(8, 4), width_px=5, height_px=2)
    assert not out.pixels.born_yuv
    assert out.image.shape == (2, 5, 3)


@pytest.mark.parametrize("interpolation", ["linear", "area", "cubic"])
def test_planes_and_bgr_agree(interpolation: str) -> None:
    frame = yuv(64, 48)
    same = frame.with_pixels(type(frame.pixels).from_bgr(frame.image.copy()), annotations=())
    by_planes = resized(frame, width_px=32, height_px=20, interpolation=interpolation).image.astype(int)
    by_image = resized(same, width_px=32, height_px=20, interpolation=interpolation).image.astype(int)
    assert np.abs(by_planes - by_image).max() <= 6


def test_the_same_size_returns_the_same_frame() -> None:
    frame = bgr(8, 6)
    assert resized(frame, width_px=8) is frame


def test_annotations_stay_unchanged() -> None:
    ball = detection(0.1, 0.2, 0.3, 0.4)
    assert resized(bgr(8, 6, DOG, ball), width_px=5).annotations == (DOG, ball)


def test_depth_and_intrinsics_follow() -> None:
    out = resized(with_depth(bgr(8, 6)), width_px=4, height_px=12)
    assert out.depth is not None
    assert out.depth.shape == (12, 4)
    assert set(out.depth[:, 0].tolist()) <= {1000 * row + 1 for row in range(6)}, "values are not interpolated"
    assert out.intrinsics == Intrinsics(4, 12, 30.0, 80.0, 1.5, 2.0)
    assert out.distortion == (0.1, 0.2, 0.3, 0.01, 0.02)


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({}, ("", "width_px or height_px must be given")),
        ({"width_px": 0}, ("width_px", "Input should be greater than or equal to 1")),
        ({"height_px": -4}, ("height_px", "Input should be greater than or equal to 1")),
        ({"width_px": 16385}, ("width_px", "Input should be less than or equal to 16384")),
        ({"width_px": 4.5}, ("width_px", "Input should be a valid integer")),
        (
            {"width_px": 4, "interpolation": "bilinear"},
            ("interpolation", "Input should be 'nearest', 'linear', 'area' or 'cubic'"),
        ),
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], refusal: tuple[str, str]) -> None:
    assert refusals(ResizeAttributes, **values) == [refusal]


def test_a_point_moves_as_a_box_around_it() -> None:
    points_move_as_boxes_do(Resize(ResizeAttributes(width_px=20, height_px=20), {}), bgr(48, 32))
