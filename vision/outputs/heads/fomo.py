"""FOMO of Edge Impulse: a softmax over background and labels for each cell of 8 pixels; objects are groups of cells.

Source: edgeimpulse/inferencing-sdk-cpp, ``classifier/ei_fill_result_struct.h`` (``fill_result_struct_f32_fomo``):
cells of at least 0.5 that touch are one object, with the score of its best cell. Its box is that of the cells, not of
the object.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ...inputs import Preparation
from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch

_STRIDE = 8
_LEAST = 0.5
_MOST_PX = 640


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, rows, columns, 1 + labels]."""
    grid = (model.size[1] // _STRIDE, model.size[0] // _STRIDE)
    for name, shape in model.full.items():
        if len(model.full) == 1 and len(shape) == 4 and shape[1:3] == grid and shape[3] > 1:
            classes = shape[3] - 1
            fits = (
                model.labels > 0
                and (model.fits(classes) or model.fits(classes + 1))
                and max(model.size) <= _MOST_PX
                and bool(model.samples)
                and model.sums_to_one(name)
            )
            because = f"a softmax over background and {classes} labels for each cell of {_STRIDE} pixels"
            return HeadMatch((name,), classes, fits, because)
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode the probabilities of each cell, (rows, columns, 1 + classes)."""
    cells = outputs[0]
    height, width = cells.shape[:2]
    boxes, scores, numbers = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)], [np.zeros(0)]
    for number in np.flatnonzero((cells[..., 1:] >= _LEAST).any(axis=(0, 1))).tolist():
        plane = cells[..., 1 + number]
        count, groups, stats, _ = cv2.connectedComponentsWithStats((plane >= _LEAST).astype(np.uint8), connectivity=8)
        best = np.zeros(count, np.float32)
        np.maximum.at(best, np.asarray(groups, np.int64).reshape(-1), plane.reshape(-1))
        left, top, across, down = (stats[1:, column] for column in range(4))
        found = np.stack([left / width, top / height, (left + across) / width, (top + down) / height], axis=1)
        boxes.append(found.astype(np.float32))
        scores.append(best[1:].clip(0.0, 1.0))
        numbers.append(np.full(count - 1, float(number)))
    return ScoredBoxes(np.concatenate(boxes), np.concatenate(scores), np.concatenate(numbers))


HEAD = Head(
    "fomo",
    "an output [1, rows, columns, 1 + labels] with the stride 8",
    find,
    decode,
    Preparation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    iou_threshold=1.0,
    boxes="groups of cells of 8 pixels",
)
