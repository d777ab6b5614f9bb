from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cameras import BoundingBox, Detection, Frame, Intrinsics, Matrix, Outline, Pixels
from tests.harness import through
from tests.transforms.pictures import DOG, bgr, detection, with_depth, yuv
from tests.transforms.points import points_move_as_boxes_do
from tests.transforms.refusals import refusals
from transforms import Style, paint
from transforms.crop import Crop, CropAttributes, cut
from transforms.resize import Resize, ResizeAttributes
from transforms.rotate import Rotate, RotateAttributes


def crop(x_min: float, y_min: float, x_max: float, y_max: float, **more: Any) -> Crop:
    edges = {"x_min_px": x_min, "y_min_px": y_min, "x_max_px": x_max, "y_max_px": y_max}
    return Crop(CropAttributes.model_validate({**edges, **more}), {})


def cropped(frame: Frame, *edges: float, **more: Any) -> Frame:
    return through(crop(*edges, **more), frame)[0]


def test_the_maxima_are_exclusive() -> None:
    out = cropped(bgr(8, 6), 2, 1, 5, 3)
    assert out.image.shape == (2, 3, 3)
    assert out.image[0, 0].tolist() == [2, 1, 200]
    assert out.image[1, 2].tolist() == [4, 2, 200]


def test_fractions_refer_to_the_size_of_each_frame() -> None:
    small, large, again = through(crop(0.25, 0.5, 0.75, 1), bgr(8, 6), bgr(16, 8), bgr(8, 6))
    assert (small.width, small.height, *small.image[0, 0, :2]) == (4, 3, 2, 3)
    assert (large.width, large.height, *large.image[0, 0, :2]) == (8, 4, 4, 4)
    assert (again.width, again.height) == (4, 3)


def test_zero_to_one_is_the_whole_picture() -> None:
    frame = bgr(8, 6)
    assert cropped(frame, 0, 0, 1, 1) is frame


def test_zero_to_one_in_pixels_is_one_pixel() -> None:
    assert cropped(bgr(8, 6), 0, 0, 1, 1, units="px").image.tolist() == [[[0, 0, 200]]]


def test_a_maximum_above_one_means_pixels() -> None:
    assert cropped(bgr(8, 6), 0, 0, 1, 2).image.shape == (2, 1, 3)
    assert cropped(bgr(8, 6), 0.9, 0.9, 2.9, 3.9).image.shape == (3, 2, 3), "parts of pixels are cut off"


def test_a_maximum_of_one_beside_one_above_is_a_pixel() -> None:
    assert cropped(bgr(8, 6), 0, 0, 1, 4).image.shape == (4, 1, 3)
    assert cropped(bgr(8, 6), 0, 0, 0.5, 4, units="px").image.shape == (4, 1, 3)


def test_explicit_fractions_above_one_are_clipped() -> None:
    assert cropped(bgr(8, 6), 0.5, 0.5, 1.5, 7, units="fraction").image.shape == (3, 4, 3)


def test_a_window_partly_outside_is_clipped() -> None:
    out = cropped(bgr(8, 6), 6, 4, 100, 100)
    assert out.image.shape == (2, 2, 3)
    assert out.image[0, 0].tolist() == [6, 4, 200]


def test_a_window_thinner_than_a_pixel_becomes_one_pixel() -> None:
    assert cropped(bgr(8, 6), 0.5, 0.5, 0.5001, 0.5001).image.tolist() == [[[4, 3, 200]]]
    assert cropped(bgr(8, 6), 5.2, 3.2, 5.8, 3.8).image.tolist() == [[[5, 3, 200]]]


def test_a_window_outside_the_frame_is_an_error() -> None:
    transform = crop(8, 0, 20, 6)
    sentence = "^the crop window from 8,0 to 20,6 px is outside the picture of 8x6$"
    with pytest.raises(ValueError, match=sentence):
        transform.apply(bgr(8, 6))
    assert transform.apply(bgr(16, 12)).annotations == ()


def test_a_window_outside_the_frame_has_no_outline() -> None:
    transform = crop(8, 0, 20, 6, overlay_crop_box=True)
    frame = bgr(8, 6)
    assert transform.apply(frame) is frame
    assert transform.apply(bgr(16, 12)).annotations


def test_an_even_window_of_planes_is_a_view_of_them() -> None:
    frame = yuv(8, 6)
    out = cropped(frame, 2, 2, 6, 6)
    assert out.pixels.born_yuv
    assert out.pixels.matrix is frame.pixels.matrix
    assert out.pixels.yuv.y[0].tolist() == [20, 21, 22, 23]
    assert out.pixels.yuv.u.tolist() == [[1, 2], [1, 2]]
    assert out.pixels.yuv.v.tolist() == [[1, 1], [2, 2]]
    for part, whole in zip(out.pixels.yuv, frame.pixels.yuv, strict=True):
        assert np.shares_memory(part, whole)


@pytest.mark.parametrize("edges", [(1, 2, 5, 6), (2, 2, 5, 6), (2, 1, 6, 5), (2, 2, 6, 5)])
def test_an_odd_window_of_planes_becomes_bgr(edges: tuple[int, int, int, int]) -> None:
    frame = yuv(8, 6)
    out = cropped(frame, *edges)
    assert not out.pixels.born_yuv
    np.testing.assert_array_equal(out.image, frame.image[edges[1] : edges[3], edges[0] : edges[2]])


@pytest.mark.parametrize("matrix", Matrix)
def test_an_odd_window_has_the_colours_of_the_whole_picture_up_to_its_edges(matrix: Matrix) -> None:
    random = np.random.default_rng(3)
    y, u, v = (random.integers(16, 235, size, np.uint8) for size in ((48, 64), (24, 32), (24, 32)))
    pixels = Pixels.from_yuv(y, u, v, matrix)
    for x_min, y_min, x_max, y_max in ((21, 13, 40, 31), (1, 2, 63, 47), (63, 47, 64, 48), (0, 0, 1, 1)):
        part = cut(pixels, (x_min, y_min, x_max, y_max))
        np.testing.assert_array_equal(part.bgr, pixels.bgr[y_min:y_max, x_min:x_max])


def test_annotations_move_and_are_clipped() -> None:
    inside, cut, outside = detection(0.5, 0.5, 0.75, 1), detection(0, 0, 0.75, 0.75), detection(0, 0, 0.5, 1)
    out = cropped(bgr(8, 4, DOG, inside, cut, outside), 4, 2, 8, 4)
    assert out.annotations == (DOG, detection(0, 0, 0.5, 1), detection(0, 0, 0.5, 0.5))


def test_boxes_cover_the_same_pixels_before_and_after() -> None:
    random = np.random.default_rng(1)
    for _ in range(300):
        width, height = (int(size) for size in random.integers(1, 40, 2))
        x_min, y_min = int(random.integers(0, width)), int(random.integers(0, height))
        x_max, y_max = int(random.integers(x_min + 1, width + 9)), int(random.integers(y_min + 1, height + 9))
        left, top = int(random.integers(0, width)), int(random.integers(0, height))
        right, bottom = int(random.integers(left + 1, width + 1)), int(random.integers(top + 1, height + 1))
        ball = detection(left / width, top / height, right / width, bottom / height)
        frame = bgr(width, height, ball)
        out = cropped(frame, x_min, y_min, x_max, y_max, units="px")
        overlap = max(left, x_min) < min(right, x_max) and max(top, y_min) < min(bottom, y_max)
        assert len(out.annotations) == overlap
        for found in out.annotations:
            assert isinstance(found, Detection)
            a, b, c, d = found.box.to_pixels(out.width, out.height)
            expected = frame.image[max(top, y_min) : min(bottom, y_max), max(left, x_min) : min(right, x_max)]
            np.testing.assert_array_equal(out.image[b:d, a:c], expected)


def test_depth_and_intrinsics_follow() -> None:
    out = cropped(with_depth(bgr(8, 6)), 2, 1, 5, 3)
    assert out.depth is not None
    assert out.depth.tolist() == [[1002, 1003, 1004], [2002, 2003, 2004]]
    assert out.intrinsics == Intrinsics(3, 2, 60.0, 40.0, 1.0, 0.0)
    assert out.distortion == (0.1, 0.2, 0.3, 0.01, 0.02)


def test_the_overlay_only_attaches_an_outline() -> None:
    ball = detection(0, 0, 0.1, 0.1)
    frame = with_depth(bgr(8, 4, DOG, ball))
    out = cropped(frame, 2, 1, 100, 3, overlay_crop_box=True)
    window = Outline("crop", 1.0, transform="crop", box=BoundingBox(0.25, 0.25, 1.0, 0.75))
    assert out.annotations == (DOG, ball, window)
    assert out.pixels is frame.pixels
    assert out.depth is frame.depth


def test_only_the_overlay_annotates() -> None:
    assert not crop(0, 0, 2, 2).annotates
    assert crop(0, 0, 2, 2, overlay_crop_box=True).annotates


@pytest.mark.parametrize(
    ("edges", "more", "refusal"),
    [
        ((-1, 0, 2, 2), {}, ("x_min_px", "Input should be greater than or equal to 0")),
        ((0, -0.5, 2, 2), {}, ("y_min_px", "Input should be greater than or equal to 0")),
        ((5, 0, 5, 2), {}, ("x_max_px", "must be greater than x_min_px, which is 5, got 5")),
        ((0, 0.5, 1, 0.25), {}, ("y_max_px", "must be greater than y_min_px, which is 0.5, got 0.25")),
        ((0, 0, float("inf"), 1), {}, ("x_max_px", "Input should be a finite number")),
        ((0, 0, "8", 1), {}, ("x_max_px", "Input should be a valid number")),
        ((0, 0, 2, 2), {"units": "pixels"}, ("units", "Input should be 'auto', 'px' or 'fraction'")),
        ((0, 0, 2, 2), {"overlay_crop_box": 1}, ("overlay_crop_box", "Input should be a valid boolean")),
        (
            (0, 0, 0.5, 480),
            {},
            (
                "",
                "x_max_px: 0.5 is a fraction of the frame and y_max_px: 480 is in pixels; give all edges in one unit",
            ),
        ),
        (
            (1.5, 0, 2, 2),
            {"units": "fraction"},
            ("", "x_min_px and y_min_px must be less than 1 when units is fraction"),
        ),
    ],
)
def test_wrong_values_are_refused(edges: Any, more: dict[str, Any], refusal: tuple[str, str]) -> None:
    names = ("x_min_px", "y_min_px", "x_max_px", "y_max_px")
    assert refusals(CropAttributes, **dict(zip(names, edges, strict=True)), **more) == [refusal]


def test_an_empty_block_is_refused() -> None:
    assert refusals(CropAttributes) == [("x_max_px", "Field required"), ("y_max_px", "Field required")]


def test_cropped_views_pass_other_transforms_and_paint() -> None:
    frame = yuv(32, 24, detection(0.4, 0.4, 0.6, 0.6))
    window = cropped(frame, 4, 2, 28, 20)
    half = through(Resize(ResizeAttributes(width_px=12), {}), window)[0]
    turned = through(Rotate(RotateAttributes(angle_degs=90), {}), half)[0]
    assert (turned.width, turned.height) == (9, 12)
    np.testing.assert_array_equal(turned.image, np.rot90(half.image, -1))
    whole = through(Rotate(RotateAttributes(angle_degs=90), {}), window)[0]
    np.testing.assert_array_equal(whole.pixels.yuv.y, np.rot90(frame.pixels.yuv.y[2:20, 4:28], -1))
    assert paint(window, Style()).pixels.born_yuv


def test_a_point_moves_as_a_box_around_it() -> None:
    points_move_as_boxes_do(crop(10, 4, 40, 28), bgr(48, 32))
    points_move_as_boxes_do(crop(0.1, 0.3, 0.75, 0.9), bgr(48, 32))
