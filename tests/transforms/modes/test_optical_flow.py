from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cameras import (
    BoundingBox,
    Caption,
    Detection,
    Frame,
    Image,
    Keypoint,
    Keypoints,
    Pixels,
    Prediction,
    Segmentation,
    as_mask,
)
from cameras.pattern import Scene
from transforms.modes.optical_flow import CarriedPredictions, gray_of, is_cut, masks_moved

WIDTH, HEIGHT = 320, 180
RANDOM = np.random.default_rng(1)
TEXTURE = cv2.resize(
    RANDOM.integers(0, 255, (36, 64), np.uint8), (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_CUBIC
)


def view(x: float = 0.0, y: float = 0.0, scale: float = 1.0) -> Image:
    """Return a gray picture of a textured wall, shifted and scaled: a point p moves to scale * p + (x, y)."""
    matrix = np.array([[scale, 0, x], [0, scale, y]])
    return np.asarray(cv2.warpAffine(TEXTURE, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR), np.uint8)


def as_frame(image: NDArray[np.uint8]) -> Frame:
    return Frame(Pixels.from_bgr(image), 0, Fraction(1, 30), 0.0)


def carried(prediction: Prediction, *grays: Image) -> tuple[Prediction, ...]:
    """Return a prediction for the first picture, carried over all others."""
    predictions = CarriedPredictions([prediction], grays[0])
    for gray in grays[1:]:
        predictions.advance(gray)
    return predictions.predictions()


BOX = BoundingBox(0.3, 0.3, 0.5, 0.6)
MASK = as_mask(np.pad(np.ones((54, 64), np.bool_), ((54, 72), (96, 160))))


@pytest.mark.parametrize(("x", "y", "scale"), [(24, -9, 1.0), (0, 0, 1.2), (-40, 18, 0.9), (3.5, 0.5, 1.0)])
def test_boxes_masks_and_points_move_with_the_picture(x: float, y: float, scale: float) -> None:
    steps = [view(x * part, y * part, 1 + (scale - 1) * part) for part in np.linspace(0, 1, 6)]
    points = (Keypoint("a", 0.35, 0.4, 0.9), Keypoint("b", 0.45, 0.5, 0.9))
    across, down = x / WIDTH, y / HEIGHT
    (box,) = carried(Detection("wall", 0.5, box=BOX), *steps)
    assert isinstance(box, Detection)
    expected = (scale * 0.3 + across, scale * 0.3 + down, scale * 0.5 + across, scale * 0.6 + down)
    found = (box.box.x_min, box.box.y_min, box.box.x_max, box.box.y_max)
    assert found == pytest.approx(expected, abs=1 / HEIGHT)
    (pose,) = carried(Keypoints("wall", 0.5, points=points, box=BOX), *steps)
    assert isinstance(pose, Keypoints)
    assert pose.places.ravel().tolist() == pytest.approx(
        [scale * 0.35 + across, scale * 0.4 + down, scale * 0.45 + across, scale * 0.5 + down], abs=1 / HEIGHT
    )
    (area,) = carried(Segmentation("wall", 0.5, mask=MASK), *steps)
    assert isinstance(area, Segmentation)
    left, top, columns, rows = cv2.boundingRect(area.mask)
    assert (left, top) == pytest.approx((scale * 96 + x, scale * 54 + y), abs=1.5)
    assert (columns, rows) == pytest.approx((scale * 64, scale * 54), abs=2)


def test_what_does_not_move_stays_as_it_is() -> None:
    detection = Detection("wall", 0.5, box=BOX)
    assert carried(detection, view(), view()) == (detection,)


def test_a_prediction_of_the_whole_frame_is_kept() -> None:
    caption = Caption("a wall", 0.5)
    assert carried(caption, view(), view(40)) == (caption,)


def test_an_object_moves_on_a_background_that_does_not() -> None:
    def picture(x: int) -> Image:
        gray = view()
        cv2.circle(gray, (100 + x, 90), 25, 255, -1)
        cv2.circle(gray, (100 + x, 90), 12, 0, -1)
        return gray

    (found,) = carried(
        Detection("ring", 0.5, box=BoundingBox(75 / 320, 65 / 180, 125 / 320, 115 / 180)),
        *map(picture, range(0, 42, 3)),
    )
    assert isinstance(found, Detection)
    assert found.box.x_min * WIDTH == pytest.approx(75 + 39, abs=3)


def test_an_object_that_leaves_the_frame_is_dropped() -> None:
    steps = [view(-12 * step) for step in range(16)]
    assert carried(Detection("wall", 0.5, box=BoundingBox(0.05, 0.3, 0.2, 0.6)), *steps) == ()


def test_an_object_without_points_stays_where_it_is() -> None:
    flat = np.full((HEIGHT, WIDTH), 90, np.uint8)
    detection = Detection("fog", 0.5, box=BOX)
    assert carried(detection, flat, flat + np.uint8(1)) == (detection,)
    outside = Detection("gone", 0.5, box=BoundingBox(1.2, 0.3, 1.4, 0.6))
    assert CarriedPredictions([outside], view()).predictions() == (outside,)


def test_many_objects_share_the_points() -> None:
    predictions = CarriedPredictions([Detection("wall", 0.5, box=BOX)] * 30, view())
    assert 30 * 4 <= sum(len(item.now) for item in predictions._items) <= 160
    assert len(CarriedPredictions([Detection("wall", 0.5, box=BOX)] * 100, view()).predictions()) == 100


def test_a_gray_picture_has_at_most_320_pixels_a_side() -> None:
    for (width, height), shape in {(1280, 720): (180, 320), (720, 1281): (320, 180), (100, 40): (40, 100)}.items():
        frame = as_frame(np.zeros((height, width, 3), np.uint8))
        assert gray_of(frame).shape == shape
        assert gray_of(frame) is gray_of(frame)


def test_cuts() -> None:
    other = np.ascontiguousarray(view()[::-1])
    dark, flat = (view() // 2).astype(np.uint8), np.full((HEIGHT, WIDTH), 90, np.uint8)
    assert not is_cut(view(), view(8))
    assert not is_cut(view(), dark), "a change of light"
    assert not is_cut(flat, flat // np.uint8(2))
    assert is_cut(view(), other)
    assert is_cut(view(), flat) and is_cut(flat, view())
    assert is_cut(view(), np.ascontiguousarray(view()[::2, ::2]))


def test_boxes_follow_a_scene_of_objects_that_turn_and_hide_each_other() -> None:
    # Five inferences a second that take a fifth of a second each: results are 0.2 to 0.4 s old.
    pictures = [Scene(0, 640, 360).render(number) for number in range(0, 49, 2)]
    grays = [gray_of(as_frame(picture.image)) for picture in pictures]
    overlaps: list[float] = []
    for start in range(0, len(pictures) - 6, 3):
        things = {thing.label: thing for thing in pictures[start].things}
        predictions = CarriedPredictions(
            [Detection(label, 1.0, box=thing.box) for label, thing in things.items()], grays[start]
        )
        for later in range(start + 1, start + 7):
            predictions.advance(grays[later])
            if later >= start + 3:
                found = {each.label: each.box for each in predictions.predictions() if isinstance(each, Detection)}
                overlaps += [
                    found[thing.label].overlap(thing.box) for thing in pictures[later].things if thing.label in found
                ]
    assert np.mean(overlaps) > 0.85


@pytest.mark.parametrize("size", [(WIDTH, HEIGHT), (HEIGHT, WIDTH), (320, 20), (48, 27)])
def test_masks_move_with_pictures_of_any_shape(size: tuple[int, int]) -> None:
    before, after = (cv2.resize(view(x), size, interpolation=cv2.INTER_AREA) for x in (0, 16))
    wall, caption = Segmentation("wall", 0.5, mask=MASK), Caption("a wall", 0.5)
    moved, same = masks_moved([wall, caption], np.asarray(before, np.uint8), np.asarray(after, np.uint8))
    assert same is caption and isinstance(moved, Segmentation)
    left, top, columns, rows = cv2.boundingRect(moved.mask)
    assert (left, top, columns, rows) == pytest.approx((112, 54, 64, 54), abs=3)
    assert not moved.mask.flags.writeable and moved.mask.shape == MASK.shape


def test_masks_at_the_edge_of_a_moving_picture_reach_it() -> None:
    road = as_mask(np.pad(np.ones((60, 320), np.bool_), ((120, 0), (0, 0))))
    (moved,) = masks_moved([Segmentation("road", 0.5, mask=road)], view(), view(-20))
    assert isinstance(moved, Segmentation) and moved.mask[130:].all()


def test_a_mask_of_several_objects_follows_each_of_them() -> None:
    # At five inferences a second, the nearer result is a tenth of a second away at most.
    pictures = [Scene(0, 640, 360).render(number) for number in range(0, 60, 3)]
    overlaps: list[list[float]] = []
    for one, other in zip(pictures[:-1], pictures[1:], strict=True):
        masks = [picture.numbers() > 0 for picture in (one, other)]
        grays = [gray_of(as_frame(picture.image)) for picture in (one, other)]
        (moved,) = masks_moved([Segmentation("thing", 1.0, mask=as_mask(masks[0]))], *grays)
        assert isinstance(moved, Segmentation)
        overlaps.append([np.sum(mask & masks[1]) / np.sum(mask | masks[1]) for mask in (masks[0], moved.mask > 0)])
    still, flowed = np.mean(overlaps, axis=0)
    assert 1 - flowed < 0.7 * (1 - still), f"{still:.3f} without a move, {flowed:.3f} with it"


def test_a_mask_of_several_objects_is_carried_along_with_each_of_them() -> None:
    overlaps: list[list[float]] = []
    for start in range(0, 100, 25):
        pictures = [Scene(0, 640, 360).render(start + number) for number in range(0, 11, 2)]
        masks = [picture.numbers() > 0 for picture in (pictures[0], pictures[-1])]
        grays = [gray_of(as_frame(picture.image)) for picture in pictures]
        (moved,) = carried(Segmentation("thing", 1.0, mask=as_mask(masks[0])), *grays)
        assert isinstance(moved, Segmentation)
        overlaps.append([np.sum(mask & masks[1]) / np.sum(mask | masks[1]) for mask in (masks[0], moved.mask > 0)])
    still, flowed = np.mean(overlaps, axis=0)
    assert 1 - flowed < 0.5 * (1 - still), f"{still:.3f} without a move, {flowed:.3f} with it"
