from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from cameras import BoundingBox, Detection, Frame, Intrinsics, Matrix, Pixels, Segmentation, as_mask
from tests.harness import through
from tests.transforms.pictures import DOG, bgr, detection, with_depth, yuv
from tests.transforms.points import points_move_as_boxes_do
from tests.transforms.refusals import refusals
from transforms.rotate import Rotate, RotateAttributes


def rotated(frame: Frame, **attributes: Any) -> Frame:
    return through(Rotate(RotateAttributes.model_validate(attributes), {}), frame)[0]


def test_half_a_turn_is_the_default() -> None:
    frame = bgr(5, 3)
    np.testing.assert_array_equal(rotated(frame).image, frame.image[::-1, ::-1])


@pytest.mark.parametrize(
    ("angle", "quarters"),
    [(90, 1), (-90, 3), (180.0, 2), (270, 3), (450, 1), (-270, 1), (-630, 1), (3_600_090, 1)],
)
def test_quarters_are_exact_and_clockwise(angle: float, quarters: int) -> None:
    frame = bgr(5, 3)
    np.testing.assert_array_equal(rotated(frame, angle_degs=angle).image, np.rot90(frame.image, -quarters))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarters_are_exact_on_planes(quarters: int) -> None:
    frame = yuv(8, 6)
    out = rotated(frame, angle_degs=90 * quarters)
    assert out.pixels.born_yuv
    assert out.pixels.matrix is frame.pixels.matrix
    for plane, before in zip(out.pixels.yuv, frame.pixels.yuv, strict=True):
        np.testing.assert_array_equal(plane, np.rot90(before, -quarters))


@pytest.mark.parametrize("angle", [0, 0.0, 360, -720])
def test_full_turns_return_the_same_frame(angle: float) -> None:
    frame = bgr(5, 3, DOG)
    assert rotated(frame, angle_degs=angle) is frame


def test_the_upper_left_corner_goes_to_the_upper_right() -> None:
    out = rotated(bgr(8, 4, DOG, detection(0, 0, 0.25, 0.5)), angle_degs=90)
    assert out.annotations == (DOG, detection(0.5, 0, 1, 0.25))


@pytest.mark.parametrize("held_as", [bgr, yuv])
def test_other_angles_enlarge_the_canvas_and_leave_black_corners(held_as: Any) -> None:
    frame = held_as(40, 20)
    out = rotated(frame, angle_degs=30)
    assert (out.width, out.height) == (46, 38)  # 40 cos + 20 sin = 44.6 and 40 sin + 20 cos = 37.3, grown to even
    assert out.pixels.born_yuv == frame.pixels.born_yuv
    for corner in [(0, 0), (0, -1), (-1, 0), (-1, -1)]:
        assert out.image[corner].max() <= 1
    np.testing.assert_allclose(out.image[19, 23], frame.image[10, 20], atol=3)


def test_any_angle_is_clockwise() -> None:
    image = np.zeros((41, 61, 3), np.uint8)
    image[18:23, 52:57] = 255  # right of the middle, 24 px off
    frame = bgr(61, 41).with_pixels(Pixels.from_bgr(image), annotations=())
    out = rotated(frame, angle_degs=30).image[:, :, 0]
    rows, columns = np.nonzero(out > 128)
    assert columns.mean() + 0.5 - out.shape[1] / 2 == pytest.approx(24 * math.cos(math.radians(30)), abs=0.3)
    assert rows.mean() + 0.5 - out.shape[0] / 2 == pytest.approx(24 * math.sin(math.radians(30)), abs=0.3)


@pytest.mark.parametrize("angle", [17.5, -100, 200, 359])
def test_planes_and_bgr_agree(angle: float) -> None:
    y = np.full((240, 320), 120, np.uint8)
    u, v = np.full((120, 160), 90, np.uint8), np.full((120, 160), 170, np.uint8)
    y[50:150, 100:250] = 200
    planes = bgr(2, 2).with_pixels(Pixels.from_yuv(y, u, v, Matrix.BT601), annotations=())
    same = planes.with_pixels(Pixels.from_bgr(planes.image.copy()), annotations=())
    difference = np.abs(rotated(planes, angle_degs=angle).image.astype(int) - rotated(same, angle_degs=angle).image)
    assert np.percentile(difference, 90) <= 2  # edges of the turned picture differ by the halved colour
    assert difference.mean() < 1


def test_boxes_follow_their_content() -> None:
    random = np.random.default_rng(2)
    for _ in range(60):
        width, height = (int(size) for size in random.integers(40, 90, 2))
        left, top = int(random.integers(2, width - 14)), int(random.integers(2, height - 14))
        right, bottom = left + int(random.integers(6, 12)), top + int(random.integers(6, 12))
        image = np.zeros((height, width, 3), np.uint8)
        image[top:bottom, left:right] = 255
        ball = detection(left / width, top / height, right / width, bottom / height)
        frame = bgr(width, height, ball).with_pixels(Pixels.from_bgr(image), annotations=(ball,))
        out = rotated(frame, angle_degs=float(random.uniform(-720, 720)))
        rows, columns = np.nonzero(out.image[:, :, 0] > 127)
        found = out.annotations[0]
        assert isinstance(found, Detection)
        seen = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        for edge, pixels in zip(found.box.to_pixels(out.width, out.height), seen, strict=True):
            assert abs(edge - int(pixels)) <= 2


@pytest.mark.parametrize("angle", [90, 180, 30, -100, 200])
@pytest.mark.parametrize("scale", [1, 2])
def test_masks_follow_their_content(angle: float, scale: int) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[6:20, 34:58] = 255
    ball = Segmentation("ball", 0.9, mask=as_mask(image[::scale, ::scale, 0] > 0))
    out = rotated(bgr(64, 48).with_pixels(Pixels.from_bgr(image), annotations=(ball,)), angle_degs=angle)
    found = out.annotations[0]
    assert isinstance(found, Segmentation)
    mask = np.kron(found.mask > 0, np.ones((scale, scale), bool))
    assert mask.shape == (out.height, out.width)
    edge = 0 if angle % 90 == 0 else 2 * (14 + 24)
    assert np.count_nonzero(mask != (out.image[:, :, 0] > 127)) <= edge, "they differ at the edge, by a pixel"


def test_a_box_over_the_whole_frame_stays_inside() -> None:
    for angle in range(0, 360, 7):
        out = rotated(bgr(31, 17, detection(0, 0, 1, 1)), angle_degs=angle)
        box = out.annotations[0].box  # type: ignore[attr-defined]  # a detection
        assert box.clipped() == box


def test_a_box_outside_the_frame_is_dropped() -> None:
    outside = Detection("ball", 0.5, box=BoundingBox(5, 5, 6, 6))
    assert rotated(bgr(8, 6, outside), angle_degs=90).annotations == ()


def test_depth_intrinsics_and_distortion_rotate() -> None:
    out = rotated(with_depth(bgr(4, 2)), angle_degs=90)
    assert out.depth is not None
    assert out.depth.tolist() == [[1000, 0], [1001, 1], [1002, 2], [1003, 3]]
    assert out.intrinsics == Intrinsics(2, 4, 40.0, 60.0, 1.0, 3.0)
    assert out.distortion == (0.1, 0.2, 0.3, 0.02, -0.01)


def test_four_quarter_turns_restore_everything() -> None:
    frame = with_depth(yuv(8, 6, DOG, detection(0.25, 0.5, 0.5, 1)))
    quarter = Rotate(RotateAttributes(angle_degs=90), {})
    out = frame
    for _ in range(4):
        out = quarter.apply(out)
    assert (out.annotations, out.intrinsics, out.distortion) == (frame.annotations, frame.intrinsics, frame.distortion)
    np.testing.assert_array_equal(out.pixels.yuv.y, frame.pixels.yuv.y)


def test_the_rotated_lens_maps_a_point_to_the_rotated_pixel() -> None:
    """Project a point and rotate the pixel, or rotate the point and project it with the rotated lens."""
    angle = 30.0
    square = Intrinsics(40, 20, 50.0, 50.0, 18.0, 9.0)
    distortion = (0.1, 0.02, 0.003, 0.004, -0.005)
    frame = Frame(**{**vars(bgr(40, 20)), "intrinsics": square, "distortion": distortion})
    out = rotated(frame, angle_degs=angle)
    assert out.intrinsics is not None
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    x, y = projected(square, distortion, 0.2, -0.1)
    turned = (x - 20) * cos - (y - 10) * sin + out.width / 2, (x - 20) * sin + (y - 10) * cos + out.height / 2
    point = 0.2 * cos + 0.1 * sin, 0.2 * sin - 0.1 * cos
    assert projected(out.intrinsics, out.distortion, *point) == pytest.approx(turned, abs=1e-9)


def projected(lens: Intrinsics, distortion: tuple[float, ...], x: float, y: float) -> tuple[float, float]:
    rk1, rk2, rk3, tp1, tp2 = distortion
    square = x * x + y * y
    radial = 1 + rk1 * square + rk2 * square**2 + rk3 * square**3
    across = x * radial + 2 * tp1 * x * y + tp2 * (square + 2 * x * x)
    down = y * radial + 2 * tp2 * x * y + tp1 * (square + 2 * y * y)
    return lens.fx * across + lens.ppx, lens.fy * down + lens.ppy


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "Input should be a finite number"),
        ("90", "Input should be a valid number"),
        (None, "Input should be a valid number"),
        (True, "Input should be a valid number"),
    ],
)
def test_wrong_values_are_refused(value: object, message: str) -> None:
    assert refusals(RotateAttributes, angle_degs=value) == [("angle_degs", message)]


@pytest.mark.parametrize("angle", [30.0, 90.0, 180.0, 270.0, -77.5])
def test_a_point_moves_as_a_box_around_it(angle: float) -> None:
    points_move_as_boxes_do(Rotate(RotateAttributes(angle_degs=angle), {}), bgr(48, 32))
