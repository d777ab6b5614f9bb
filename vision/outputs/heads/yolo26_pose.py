"""Pose models of YOLO26 and exports with built-in suppression: rows of corners, score, class and points.

Source: ultralytics/ultralytics, ``nn/modules/head.py`` (``Pose26``) and ``engine/exporter.py`` (``NMSModel``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .grid import FRACTIONS, has_cells
from .head import FLOOR, Head, HeadMatch, max_magnitude, pixels_to_fractions
from .yolo_pose import MAX_FRACTION, Columns, decoded_points, match, points_in

_FIRST = 6  # corners, score and class come before the points
_MOST_ROWS = 1000
_PERSONS = Columns(0, 17, 3)


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, boxes, 6 + points x values]; it does not show the number of classes."""
    for name, shape in model.shapes.items():
        if len(shape) != 3 or shape[1] > _MOST_ROWS or has_cells(shape[1], model.size):
            continue
        found = points_in(model, shape[2] - _FIRST)
        if found is not None:
            columns = Columns(0, *found)
            matched = match(model, name, columns, "finished rows", partial(decode, columns=columns), _FIRST)
            return matched._replace(classes=model.labels, closed=False)
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int, *, columns: Columns = _PERSONS) -> ScoredBoxes:
    """Decode rows of corners, score, class and points.

    Args:
        outputs: The output.
        size: Width and height of the input.
        classes: Number of labels, 0 if unknown.
        columns: What the columns after the class hold.
    """
    rows = outputs[0].reshape(-1, _FIRST + columns.points * columns.values)
    in_pixels = max_magnitude(rows[:, :4]) > MAX_FRACTION
    rows = rows[~(rows[:, 4] < FLOOR)]
    boxes = pixels_to_fractions(rows[:, :4], size) if in_pixels else rows[:, :4]
    scores = rows[:, 4].clip(0.0, 1.0)
    points = decoded_points(rows[:, _FIRST:], columns, size if in_pixels else (1, 1), scores)
    return ScoredBoxes(boxes, scores, rows[:, 5].astype(np.float64), points=points)


HEAD = Head(
    "yolo26_pose",
    "an output [1, boxes, 6 + 3 x points]",
    find,
    decode,
    FRACTIONS,
    iou_threshold=1.0,
    boxes="corners, in pixels or fractions of the input",
    kinds=("detections", "keypoints"),
)
