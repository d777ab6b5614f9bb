"""YOLOv10, YOLO26 and exports with built-in suppression: rows of corners, score and class.

Source: ultralytics/ultralytics, ``nn/modules/head.py`` (``Detect.postprocess``). All boxes are kept. Mask coefficients
and keypoints after the class are ignored. One extra column is the angle of a rotated box, given as centre and size,
which is decoded to the axis-aligned box around it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .grid import FRACTIONS, has_cells, mask_coefficients
from .head import FLOOR, Head, HeadMatch, axis_aligned, to_fractions

_COLUMNS = 6
_FEWEST_ROWS, _MOST_ROWS = 10, 1000  # of a list of decoded boxes; raw outputs have more


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, boxes, 6], or with more columns; it does not show the number of classes."""
    shapes, size, labels = model.shapes, model.size, model.labels
    coefficients = mask_coefficients(shapes, size)
    for name, shape in shapes.items():
        if len(shape) == 3 and shape[1] > shape[2] >= _COLUMNS and (shape[2] == _COLUMNS or shape[1] <= _MOST_ROWS):
            is_alone = len(shapes) == (2 if coefficients else 1)
            is_raw = has_cells(shape[1], size) or has_cells(shape[1], size, 3)  # YOLOX or YOLOv5 with one class
            is_list = shape[2] == _COLUMNS + coefficients and _FEWEST_ROWS <= shape[1] <= _MOST_ROWS
            return HeadMatch((name,), labels, is_alone and is_list and not is_raw)
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode rows of corners, score and class."""
    rows = outputs[0]
    boxes = to_fractions(rows[:, :4], size)
    if rows.shape[1] == _COLUMNS + 1:
        boxes = axis_aligned(boxes, rows[:, -1:], size)
    kept = rows[:, 4] >= FLOOR
    return ScoredBoxes(boxes[kept], rows[kept, 4].clip(0.0, 1.0), rows[kept, 5].astype(np.float64))


HEAD = Head("yolov10", "an output [1, boxes, 6], or with more columns", find, decode, FRACTIONS, iou_threshold=1.0)
