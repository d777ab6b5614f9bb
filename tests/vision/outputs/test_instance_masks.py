from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from cameras import BoundingBox, Detection, Mask, as_mask
from vision.outputs.instance_masks import instance_masks, masks_by_label
from vision.outputs.scores.scored_boxes import ScoredBoxes

WHOLE = BoundingBox(0.0, 0.0, 1.0, 1.0)
UNIT = np.array([64, 32, 64, 32])
BOXES = np.array([[4, 2, 50, 30], [20.5, 3, 60, 29], [0, 0, 64, 32]])

# ultralytics 8.4.190, on torch 2.14.1: utils.ops.process_mask with upsample. Set pixels: all, of every fourth row, of
# every eighth column.
AREAS = (561, 470, 859)
ROWS = (
    (0, 39, 39, 37, 17, 3, 3, 2),
    (0, 7, 9, 13, 24, 26, 26, 26),
    (30, 30, 30, 27, 27, 25, 25, 24),
)
COLUMNS = (
    (0, 0, 14, 16, 13, 11, 28, 0),
    (0, 0, 0, 13, 16, 26, 0, 0),
    (32, 32, 0, 0, 17, 32, 0, 0),
)


def given() -> tuple[Any, ScoredBoxes]:
    """Return three prototypes of 16x8, and three boxes in an input of 64x32."""
    random = np.random.default_rng(9)
    small = random.normal(0, 1, (3, 2, 4)).astype(np.float32)
    planes = np.stack([cv2.resize(plane, (16, 8), interpolation=cv2.INTER_LINEAR) for plane in small])
    weights = random.normal(0, 1, (3, 3)).round(2).astype(np.float32)
    return planes, ScoredBoxes(BOXES / UNIT, np.ones(3), np.zeros(3), coefficients=weights)


@pytest.mark.parametrize("planes_last", [False, True])
def test_masks_equal_those_of_the_original(planes_last: bool) -> None:
    planes, found = given()
    masks = np.stack(list(instance_masks(np.moveaxis(planes, 0, -1) if planes_last else planes, found, WHOLE))) > 0
    assert masks.shape == (3, 32, 64)
    assert masks.sum(axis=(1, 2)).tolist() == list(AREAS)
    assert masks.sum(axis=2)[:, ::4].tolist() == [list(row) for row in ROWS]
    assert masks.sum(axis=1)[:, ::8].tolist() == [list(row) for row in COLUMNS]


def test_a_mask_is_that_of_the_picture_between_its_bars() -> None:
    planes, found = given()
    whole = list(instance_masks(planes, found, WHOLE))
    window = BoundingBox(0.0, 0.25, 1.0, 0.75)
    (cut,) = instance_masks(planes, found.select(np.array([2])).cropped_to(window), window)
    assert cut.shape == (16, 64)
    assert np.mean(cut[4:-4] != whole[2][12:20]) < 0.02  # the edges have other neighbours


def test_the_masks_of_a_label_are_one() -> None:
    def item(label: str, score: float, *columns: int) -> Detection:
        members = np.zeros((2, 4), np.bool_)
        members[:, list(columns)] = True
        return Detection(label, score, box=WHOLE, mask=as_mask(members) if columns else None)

    found = masks_by_label([item("cat", 0.5, 0), item("dog", 0.9, 3), item("cat", 0.8, 0, 1), item("bird", 0.7)])
    assert [(each.label, each.confidence, each.coverage) for each in found] == [("cat", 0.8, 0.5), ("dog", 0.9, 0.25)]
    masks: list[Mask] = [each.mask for each in found]
    assert [mask[0].tolist() for mask in masks] == [[255, 255, 0, 0], [0, 0, 0, 255]]
