from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cameras import Frame, Intrinsics, Segmentation, as_mask
from tests.harness import through
from tests.transforms.lenses import projected
from tests.transforms.pictures import DOG, bgr, detection, with_depth, yuv
from tests.transforms.points import points_move_as_boxes_do
from tests.transforms.refusals import refusals
from transforms.flip import Flip, FlipAttributes

SLICES: dict[str, Any] = {
    "horizontal": np.s_[:, ::-1],
    "vertical": np.s_[::-1],
    "both": np.s_[::-1, ::-1],
}


def flipped(frame: Frame, **attributes: Any) -> Frame:
    return through(Flip(FlipAttributes.model_validate(attributes), {}), frame)[0]


def test_left_and_right_are_swapped_by_default() -> None:
    frame = bgr(5, 3)
    np.testing.assert_array_equal(flipped(frame).image, frame.image[:, ::-1])


@pytest.mark.parametrize("direction", SLICES)
def test_pixels_move_exactly(direction: str) -> None:
    frame = bgr(5, 3)
    np.testing.assert_array_equal(flipped(frame, direction=direction).image, frame.image[SLICES[direction]])


@pytest.mark.parametrize("direction", SLICES)
def test_planes_move_exactly_and_stay_planes(direction: str) -> None:
    frame = yuv(8, 6)
    out = flipped(frame, direction=direction)
    assert out.pixels.born_yuv
    assert out.pixels.matrix is frame.pixels.matrix
    for plane, before in zip(out.pixels.yuv, frame.pixels.yuv, strict=True):
        np.testing.assert_array_equal(plane, before[SLICES[direction]])


@pytest.mark.parametrize(
    ("direction", "moved"),
    [("horizontal", (0.5, 0, 0.75, 0.5)), ("vertical", (0.25, 0.5, 0.5, 1)), ("both", (0.5, 0.5, 0.75, 1))],
)
def test_boxes_move_along(direction: str, moved: tuple[float, float, float, float]) -> None:
    out = flipped(bgr(8, 4, DOG, detection(0.25, 0, 0.5, 0.5)), direction=direction)
    assert out.annotations == (DOG, detection(*moved))


@pytest.mark.parametrize("direction", SLICES)
def test_masks_and_depth_move_along(direction: str) -> None:
    mask = as_mask(np.arange(6).reshape(2, 3) < 2)
    frame = with_depth(bgr(4, 2, Segmentation("dog", 0.5, mask=mask)))
    out = flipped(frame, direction=direction)
    (found,) = out.annotations
    assert isinstance(found, Segmentation)
    np.testing.assert_array_equal(found.mask, mask[SLICES[direction]])
    assert not found.mask.flags.writeable
    assert out.depth is not None and frame.depth is not None
    np.testing.assert_array_equal(out.depth, frame.depth[SLICES[direction]])


def test_the_principal_point_moves_along() -> None:
    out = flipped(with_depth(bgr(8, 4)), direction="both")
    assert out.intrinsics == Intrinsics(8, 4, 60.0, 40.0, 5.0, 3.0)
    assert out.distortion == (0.1, 0.2, 0.3, -0.01, -0.02)


@pytest.mark.parametrize(("direction", "signs"), [("horizontal", (-1, 1)), ("vertical", (1, -1)), ("both", (-1, -1))])
def test_the_mirrored_lens_maps_a_mirrored_point_to_the_mirrored_pixel(direction: str, signs: tuple[int, int]) -> None:
    frame = with_depth(bgr(8, 4))
    out = flipped(frame, direction=direction)
    assert frame.intrinsics is not None and out.intrinsics is not None
    x, y = projected(frame.intrinsics, frame.distortion, 0.2, -0.1)
    mirrored = 8 - x if signs[0] < 0 else x, 4 - y if signs[1] < 0 else y
    assert projected(out.intrinsics, out.distortion, 0.2 * signs[0], -0.1 * signs[1]) == pytest.approx(mirrored)


@pytest.mark.parametrize("direction", SLICES)
def test_two_flips_restore_the_frame(direction: str) -> None:
    frame = with_depth(yuv(8, 6, DOG, detection(0.25, 0.5, 0.5, 1)))
    out = flipped(flipped(frame, direction=direction), direction=direction)
    assert (out.annotations, out.intrinsics, out.distortion) == (frame.annotations, frame.intrinsics, frame.distortion)
    np.testing.assert_array_equal(out.pixels.yuv.u, frame.pixels.yuv.u)


def test_wrong_values_are_refused() -> None:
    wanted = "Input should be 'horizontal', 'vertical' or 'both'"
    assert refusals(FlipAttributes, direction="sideways") == [("direction", wanted)]


@pytest.mark.parametrize("direction", ["horizontal", "vertical", "both"])
def test_a_point_moves_as_a_box_around_it(direction: Any) -> None:
    points_move_as_boxes_do(Flip(FlipAttributes(direction=direction), {}), bgr(48, 32))
