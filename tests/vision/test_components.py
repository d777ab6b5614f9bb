from __future__ import annotations

import cv2
import numpy as np
import pytest

from cameras import Mask
from vision.components import area_boxes, component_boxes


@pytest.mark.parametrize("seed", range(20))
def test_boxes_are_those_of_looking_at_every_pixel(seed: int) -> None:
    random = np.random.default_rng(seed)
    height, width = random.integers(5, 150, 2).tolist()
    clouds = cv2.GaussianBlur(random.random((height, width)), (0, 0), random.uniform(0.3, 5))
    mask = np.where(clouds > 0.5, 255, 0).astype(np.uint8)
    least = int(random.choice((1, 10, 100, 1000)))
    boxes = [box.to_pixels(width, height) for box in component_boxes(mask, least)]
    areas = [(x_max - x_min) * (y_max - y_min) for x_min, y_min, x_max, y_max in boxes]
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    wanted = [(x, y, x + across, y + down) for x, y, across, down, _ in stats[1:].tolist() if across * down >= least]
    assert sorted(boxes) == sorted(wanted)
    assert areas == sorted(areas, reverse=True)


def test_pixels_that_touch_at_corners_are_not_connected() -> None:
    mask = np.zeros((4, 4), np.uint8)
    mask[:2, :2] = mask[2:, 2:] = 255
    assert [box.to_pixels(4, 4) for box in component_boxes(mask, 1)] == [(0, 0, 2, 2), (2, 2, 4, 4)]


def test_an_empty_mask_has_no_boxes() -> None:
    assert component_boxes(np.zeros((9, 17), np.uint8), 0) == ()


@pytest.mark.parametrize("seed", range(40))
def test_areas_across_bands_are_those_of_the_whole_picture(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 90, 2).tolist()
    noise = random.random((height, width))
    clouds = cv2.GaussianBlur(noise, (0, 0), random.uniform(0.3, 4)) if seed % 3 else noise
    picture = np.where(clouds > np.median(clouds), 200, 0).astype(np.uint8)
    least = int(random.choice((1, 10, 100)))
    whole = component_boxes(picture, least)
    monkeypatch.setattr("vision.components._WHOLE_PX", 1)
    monkeypatch.setattr("vision.components._BAND_PX", int(random.integers(1, 4 * min(height, width))))
    parts: list[int] = []

    def test(part: Mask) -> Mask:
        parts.append(part.size)
        return np.where(part > 100, 255, 0).astype(np.uint8)

    boxes = area_boxes(picture, test, least)
    assert sorted(box.to_pixels(width, height) for box in boxes) == sorted(
        box.to_pixels(width, height) for box in whole
    )
    assert sum(parts) == picture.size and max(parts) <= 4 * min(height, width)


@pytest.mark.parametrize("whole_px", [1, 1 << 20])
def test_the_largest_boxes_are_kept(whole_px: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision.components._WHOLE_PX", whole_px)
    monkeypatch.setattr("vision.components._BAND_PX", 300)
    monkeypatch.setattr("vision.components.MOST_BOXES", 50)
    board = np.zeros((60, 70), np.uint8)
    board[::2, ::2] = board[1::2, 1::2] = 255  # 2100 areas of one pixel
    board[1:3, 3:5] = board[57:60, 40:44] = 255
    boxes = component_boxes(board, 1)
    assert len(boxes) == 50
    corners = [box.to_pixels(70, 60) for box in boxes]
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in corners]
    assert areas[0] >= areas[1] > 1 and areas[2:] == [1] * 48
