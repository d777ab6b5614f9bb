from __future__ import annotations

import cv2
import numpy as np
import pytest

from vision.components import component_boxes


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
