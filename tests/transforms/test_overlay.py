from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cameras import Detection, Frame, Intrinsics, Segmentation, as_mask
from tests.harness import through
from tests.transforms.depths import deep
from tests.transforms.pictures import DOG, detection
from tests.transforms.points import points_move_as_boxes_do
from tests.transforms.refusals import refusals
from transforms.overlay import Overlay, OverlayAttributes

LENS = {"width_px": 4, "height_px": 2, "fx": 4.0, "fy": 4.0, "ppx": 2.0, "ppy": 1.0}


def overlaid(frame: Frame, **attributes: Any) -> Frame:
    return through(Overlay(OverlayAttributes.model_validate(attributes), {}), frame)[0]


def test_near_is_bright_far_is_dark_and_unknown_is_black() -> None:
    frame = deep([[1000, 2000, 3000, 0]] * 2, color=(255, 255, 255), annotations=(DOG,))
    out = overlaid(frame)
    assert out.image[0, :, 0].tolist() == [255, 144, 32, 0]
    assert (out.annotations, out.depth is frame.depth, out.intrinsics) == ((DOG,), True, frame.intrinsics)


def test_the_hue_is_kept() -> None:
    out = overlaid(deep([[1000, 1000, 3000, 3000]] * 2, color=(60, 120, 240)))
    assert out.image[0, 0].tolist() == [60, 120, 240]
    assert out.image[0, 3].tolist() == [8, 15, 30]


def test_the_attributes_give_the_lens_when_the_camera_has_none() -> None:
    frame = deep([[1000, 2000, 3000, 0]] * 2, intrinsics=None)
    assert overlaid(frame, intrinsic_parameters=LENS).intrinsics == Intrinsics(**LENS)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["width_px", "height_px", "fx", "fy"])
def test_a_lens_that_is_not_positive_is_unknown(key: str) -> None:
    frame = deep([[1000, 2000, 3000, 0]] * 2)
    assert overlaid(frame, intrinsic_parameters={**LENS, key: 0}).intrinsics == frame.intrinsics


def test_a_missing_lens_is_an_error() -> None:
    with pytest.raises(ValueError, match="^intrinsic_parameters are missing: set them here or on the camera, or use a"):
        overlaid(deep([[1, 2]], intrinsics=None))


def test_a_lens_for_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="^the picture is 2x1, but the intrinsic parameters are for 4x2$"):
        overlaid(deep([[1, 2]], intrinsics=None), intrinsic_parameters=LENS)


def test_another_lens_reprojects_the_frame() -> None:
    random = np.random.default_rng(1)
    depth = np.repeat(np.repeat(random.integers(1000, 4000, (6, 8)), 4, 0), 4, 1)
    box = detection(0.25, 0.25, 0.5, 0.5)
    thing = Segmentation("thing", 0.5, mask=as_mask(np.eye(24, 32) > 0))
    frame = deep(depth, annotations=(DOG, box, thing))
    twice = {"width_px": 64, "height_px": 48, "fx": 64.0, "fy": 64.0, "ppx": 32.0, "ppy": 24.0}
    out = overlaid(frame, intrinsic_parameters=twice)
    assert (out.width, out.height) == (64, 48)
    assert out.depth is not None and frame.depth is not None
    np.testing.assert_array_equal(out.depth, np.repeat(np.repeat(frame.depth, 2, 0), 2, 1))
    same, plain = out.image.astype(int), overlaid(frame).image
    np.testing.assert_array_equal(same[4::8, 4::8], plain[2::4, 2::4])
    assert out.annotations[:2] == (DOG, box)


def test_a_narrower_lens_shows_the_centre() -> None:
    frame = deep(np.full((24, 32), 1000), annotations=(detection(0.25, 0.25, 0.75, 0.75), detection(0, 0, 0.1, 0.1)))
    tele = {"width_px": 32, "height_px": 24, "fx": 64.0, "fy": 64.0, "ppx": 16.0, "ppy": 12.0}
    out = overlaid(frame, intrinsic_parameters=tele)
    (kept,) = out.annotations
    assert isinstance(kept, Detection)
    assert (kept.box.x_min, kept.box.y_max) == pytest.approx((0.0, 1.0))
    assert out.intrinsics == Intrinsics(**tele)  # type: ignore[arg-type]


def test_wrong_values_are_refused() -> None:
    assert refusals(OverlayAttributes, intrinsic_parameters={**LENS, "ppx": "middle"}) == [
        ("intrinsic_parameters.ppx", "Input should be a valid number")
    ]


def test_a_point_moves_as_a_box_around_it() -> None:
    attributes = {"intrinsic_parameters": {**LENS, "fx": 6.0, "fy": 5.0, "ppx": 2.5, "width_px": 6}}
    points_move_as_boxes_do(Overlay(OverlayAttributes.model_validate(attributes), {}), deep([[1, 2, 3, 4]] * 2))
