from __future__ import annotations

import dataclasses
from typing import Any

import cv2
import numpy as np
import pytest

from cameras import Detection, Frame, Intrinsics, Matrix, Pixels, Segmentation, as_mask
from tests.harness import through
from tests.transforms.lenses import projected
from tests.transforms.pictures import DOG, bgr, detection
from tests.transforms.points import points_move_as_boxes_do
from tests.transforms.refusals import refusals
from transforms import undistort
from transforms.undistort import Undistort, UndistortAttributes

LENS = {"width_px": 160, "height_px": 120, "fx": 130.0, "fy": 125.0, "ppx": 83.0, "ppy": 58.0}
BARREL = {"rk1": -0.25, "rk2": 0.05, "tp1": 0.004, "tp2": -0.003}
PINHOLE = Intrinsics(**LENS)  # type: ignore[arg-type]  # sizes are whole
DISTORTION = (-0.25, 0.05, 0.0, 0.004, -0.003)


def undistorted(frame: Frame, **attributes: Any) -> Frame:
    return through(Undistort(UndistortAttributes.model_validate(attributes), {}), frame)[0]


def picture(image: Any, **more: Any) -> Frame:
    return dataclasses.replace(bgr(2, 2), pixels=Pixels.from_bgr(image), **more)


def noise(grain: int = 8) -> Any:
    coarse = np.random.default_rng(5).integers(0, 256, (120 // grain, 160 // grain, 3)).astype(np.uint8)
    return cv2.resize(coarse, (160, 120), interpolation=cv2.INTER_CUBIC)


def test_pixels_agree_with_opencv() -> None:
    image = noise()
    out = undistorted(picture(image), intrinsic_parameters=LENS, distortion_parameters=BARREL)
    # OpenCV measures from the centre of the first pixel, these intrinsics from its edge.
    matrix = np.array([[130, 0, 82.5], [0, 125, 57.5], [0, 0, 1.0]])
    wanted = cv2.undistort(image, matrix, np.array([-0.25, 0.05, 0.004, -0.003, 0.0]))
    assert np.abs(out.image.astype(int) - wanted).max() <= 2


def test_the_undistorted_frame_has_the_lens_and_no_distortion() -> None:
    frame = picture(noise(), distortion=DISTORTION)
    out = undistorted(frame, intrinsic_parameters=LENS)
    assert (out.intrinsics, out.distortion) == (PINHOLE, ())


def test_the_lens_of_the_camera_is_the_default() -> None:
    image = noise()
    given = undistorted(picture(image), intrinsic_parameters=LENS, distortion_parameters=BARREL)
    known = undistorted(picture(image, intrinsics=PINHOLE, distortion=DISTORTION))
    np.testing.assert_array_equal(given.image, known.image)


def test_the_attributes_take_precedence_over_the_camera() -> None:
    image = noise()
    given = undistorted(picture(image), intrinsic_parameters=LENS, distortion_parameters=BARREL)
    other = dataclasses.replace(PINHOLE, fx=900.0)
    known = picture(image, intrinsics=other, distortion=(0.5, 0.0, 0.0, 0.0, 0.0))
    both = undistorted(known, intrinsic_parameters=LENS, distortion_parameters=BARREL)
    np.testing.assert_array_equal(given.image, both.image)


def test_planes_stay_planes_and_show_the_same() -> None:
    frame = picture(noise(grain=40))
    y, u, v = frame.pixels.yuv
    planes = dataclasses.replace(frame, pixels=Pixels.from_yuv(y, u, v, Matrix.BT601))
    out = undistorted(planes, intrinsic_parameters=LENS, distortion_parameters=BARREL)
    wanted = undistorted(picture(planes.image.copy()), intrinsic_parameters=LENS, distortion_parameters=BARREL)
    assert out.pixels.born_yuv and out.pixels.matrix is Matrix.BT601
    assert np.abs(out.image.astype(int) - wanted.image).mean() < 2


def test_pixels_from_outside_are_black() -> None:
    cushion = {"rk1": 0.9}
    frame = picture(np.full((120, 160, 3), 200, np.uint8))
    y, u, v = frame.pixels.yuv
    for held in (frame, dataclasses.replace(frame, pixels=Pixels.from_yuv(y, u, v, Matrix.BT709))):
        out = undistorted(held, intrinsic_parameters=LENS, distortion_parameters=cushion).image
        assert out[0, 0].max() <= 1 and out[-1, -1].max() <= 1
        assert abs(int(out[60, 80, 1]) - 200) <= 2


def test_depth_takes_the_nearest_value() -> None:
    depth = np.where(np.arange(160) < 80, 500, 4000)[None].repeat(120, 0).astype(np.uint16)
    depth.flags.writeable = False
    out = undistorted(picture(noise(), depth=depth), intrinsic_parameters=LENS, distortion_parameters={"rk1": 0.9})
    assert out.depth is not None and out.depth.dtype == np.uint16
    assert set(np.unique(out.depth)) == {0, 500, 4000}


def test_boxes_and_masks_follow_their_content() -> None:
    random = np.random.default_rng(4)
    for _ in range(30):
        left, top = int(random.integers(5, 130)), int(random.integers(5, 90))
        right, bottom = left + int(random.integers(10, 25)), top + int(random.integers(10, 25))
        image = np.zeros((120, 160, 3), np.uint8)
        image[top:bottom, left:right] = 255
        box = detection(left / 160, top / 120, right / 160, bottom / 120)
        thing = Segmentation("thing", 0.5, mask=as_mask(image[:, :, 0] > 0))
        out = undistorted(
            picture(image, annotations=(DOG, box, thing)), intrinsic_parameters=LENS, distortion_parameters=BARREL
        )
        assert out.annotations[0] == DOG
        found, mask = out.annotations[1], out.annotations[2]
        assert isinstance(found, Detection) and isinstance(mask, Segmentation)
        rows, columns = np.nonzero(out.image[:, :, 0] > 127)
        seen = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        for edge, pixels in zip(found.box.to_pixels(160, 120), seen, strict=True):
            assert abs(edge - int(pixels)) <= 1
        assert np.mean((mask.mask > 0) != (out.image[:, :, 0] > 127)) < 0.005


def test_a_mask_of_another_resolution_follows_too() -> None:
    members = np.zeros((60, 40), bool)
    members[20:40, 10:20] = True
    thing = Segmentation("thing", 0.5, mask=as_mask(members))
    out = undistorted(picture(noise(), annotations=(thing,)), intrinsic_parameters=LENS, distortion_parameters=BARREL)
    (moved,) = out.annotations
    assert isinstance(moved, Segmentation) and moved.mask.shape == (60, 40)
    rows, columns = np.nonzero(moved.mask)
    assert abs(columns.mean() - 14.5) < 1.5 and abs(rows.mean() - 29.5) < 1.5


def test_a_box_that_leaves_the_picture_is_dropped() -> None:
    tunnel = {"rk1": -0.9}  # points at the edge move far out
    corner = detection(0, 0, 0.02, 0.02)
    out = undistorted(picture(noise(), annotations=(corner,)), intrinsic_parameters=LENS, distortion_parameters=tunnel)
    assert out.annotations == ()


def test_an_undistorted_point_is_where_the_pinhole_shows_it() -> None:
    lens_model = undistort._DistortedLens(PINHOLE, DISTORTION)
    x, y = projected(PINHOLE, DISTORTION, 0.3, -0.2)
    found = lens_model.undistort(np.array([(x - 83) / 130]), np.array([(y - 58) / 125]))
    assert [float(value[0]) for value in found] == pytest.approx([0.3, -0.2], abs=1e-4)


def test_zero_coefficients_keep_the_pixels() -> None:
    frame = picture(noise())
    out = undistorted(frame, intrinsic_parameters=LENS, distortion_parameters={})
    assert out.pixels is frame.pixels
    assert (out.intrinsics, out.distortion) == (PINHOLE, ())


def test_the_maps_are_computed_once() -> None:
    undistort._maps.cache_clear()
    transform = Undistort(
        UndistortAttributes.model_validate({"intrinsic_parameters": LENS, "distortion_parameters": BARREL}), {}
    )
    through(transform, *[picture(noise()) for _ in range(4)])
    assert undistort._maps.cache_info().misses == 2, "one for the picture, one for the depth"


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({}, "intrinsic_parameters are missing: set them here or on the camera, or use a source that provides them"),
        (
            {"intrinsic_parameters": LENS},
            "distortion_parameters are missing: set them here or on the camera, or use a source that provides them",
        ),
        (
            {"intrinsic_parameters": {**LENS, "width_px": 640}, "distortion_parameters": BARREL},
            "the picture is 160x120, but the intrinsic parameters are for 640x120",
        ),
    ],
)
def test_a_missing_or_wrong_lens_is_an_error(attributes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        undistorted(picture(noise()), **attributes)


def test_wrong_values_are_refused() -> None:
    wrong = {**LENS, "fx": float("nan"), "width_px": -1}
    assert refusals(UndistortAttributes, intrinsic_parameters=wrong) == [
        ("intrinsic_parameters.width_px", "Input should be greater than or equal to 0"),
        ("intrinsic_parameters.fx", "Input should be a finite number"),
    ]
    assert refusals(UndistortAttributes, distortion_parameters={"k1": 1.0}) == [
        ("distortion_parameters.k1", "Extra inputs are not permitted")
    ]
    (problem,) = UndistortAttributes.model_validate({"intrinsic_parameters": {**LENS, "fx": 0.0}}).check()
    assert problem == (("intrinsic_parameters",), "width_px, height_px, fx and fy must be greater than 0")


def test_a_point_moves_as_a_box_around_it() -> None:
    attributes = {"intrinsic_parameters": LENS, "distortion_parameters": BARREL}
    points_move_as_boxes_do(Undistort(UndistortAttributes.model_validate(attributes), {}), picture(noise()))


def test_a_very_large_picture_is_undistorted_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    y, u, v = picture(noise()).pixels.yuv
    frames = [
        picture(noise(), depth=np.arange(160 * 120, dtype=np.uint16).reshape(120, 160)),
        dataclasses.replace(bgr(2, 2), pixels=Pixels.from_yuv(y, u, v, Matrix.BT601)),
    ]
    whole = [undistorted(frame, intrinsic_parameters=LENS, distortion_parameters=BARREL) for frame in frames]
    monkeypatch.setattr(undistort, "KEPT_PX", 1)
    monkeypatch.setattr(undistort, "BAND_PX", 1000)
    for frame, wanted in zip(frames, whole, strict=True):
        found = undistorted(frame, intrinsic_parameters=LENS, distortion_parameters=BARREL)
        assert np.array_equal(found.image, wanted.image)
        if frame.depth is not None:
            assert found.depth is not None and wanted.depth is not None
            assert np.array_equal(found.depth, wanted.depth)
