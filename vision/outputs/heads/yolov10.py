"""YOLOv10, YOLO26 and exports with built-in suppression: rows of corners, score and class.

Source: ultralytics/ultralytics, ``nn/modules/head.py`` (``Detect.postprocess``). All boxes are kept. Mask coefficients
follow the class; keypoints, too, and are ignored. One extra column is the angle of a turned box, given as centre and
size.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ..scores import NO_ACTIVATION, ScoredBoxes
from .box_forms import have_sizes, x_first_reason
from .evidence import Array, Evidence, Size
from .grid import FRACTIONS, has_cells, prototypes
from .head import FLOOR, Head, HeadMatch, bounds, to_fractions, turned_corners

_COLUMNS = 6
_REMEDY = "declare head: yolov10 if they do; otherwise it is not supported"
_INVERTED_MAX = 0.1  # of boxes as corners
_FEWEST_ROWS, _MOST_ROWS = 10, 1000  # of a list of decoded boxes; raw outputs have more


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, boxes, 6], or with more columns; it does not show the number of classes."""
    shapes, size = model.shapes, model.size
    masks, coefficients = prototypes(shapes, size)
    for name, shape in shapes.items():
        if (
            len(shape) == 3
            and (shape[1] > shape[2] or shape[2] == _COLUMNS)
            and shape[2] >= _COLUMNS
            and (shape[2] == _COLUMNS or shape[1] <= _MOST_ROWS)
        ):
            is_alone = len(shapes) == (2 if coefficients else 1)
            is_raw = has_cells(shape[1], size) or has_cells(shape[1], size, 3)  # YOLOX or YOLOv5 with one class
            is_list = shape[2] == _COLUMNS + coefficients and _FEWEST_ROWS <= shape[1] <= _MOST_ROWS
            rows = model.rows(name, shape[2])
            are_sizes = shape[2] == _COLUMNS and have_sizes(rows[:, :4])
            has_score_and_class = bool(np.all(rows[:, 5] == np.round(rows[:, 5]))) and (
                model.judged_activation(name, 4, 5, 1) == NO_ACTIVATION
            )
            are_boxes = _inverted(rows[:, :4]) <= _INVERTED_MAX
            has_meaning = has_score_and_class and are_boxes and not are_sizes and model.metadata.task != "pose"
            is_known = is_alone and is_list and not is_raw and has_meaning
            order = x_first_reason(model, name, rows[:, :4])
            because = f"{name} has at most {_MOST_ROWS} rows of a box, a score and a class"
            return HeadMatch(
                (name,),
                0,
                is_known and bool(order),
                f"{because}; {order}",
                decode=partial(decode, coefficients=coefficients) if coefficients else None,
                prototypes=masks,
                doubt=f"{because}, but nothing shows whether its corners begin with x: {_REMEDY}" * is_known,
            )
    return None


def _inverted(boxes: Array) -> float:
    """Return the share of boxes whose corners are in the wrong order, as those of a centre and a size soon are."""
    filled = boxes[(boxes != 0).any(axis=1)]
    return float((filled[:, :2] > filled[:, 2:]).any(axis=1).mean()) if len(filled) else 0.0


def decode(outputs: Sequence[Array], size: Size, classes: int, *, coefficients: int = 0) -> ScoredBoxes:
    """Decode rows of corners, score and class, and what follows them: an angle, or so many mask coefficients."""
    rows = outputs[0]
    kept = rows[:, 4] >= FLOOR
    boxes, polygons = to_fractions(rows[:, :4], size)[kept], None
    rows = rows[kept]
    if rows.shape[1] == _COLUMNS + 1:
        polygons = turned_corners(boxes, rows[:, -1:], size)
        boxes = bounds(polygons)
    weights = rows[:, _COLUMNS : _COLUMNS + coefficients] if coefficients else None
    scores, numbers = rows[:, 4].clip(0.0, 1.0), rows[:, 5].astype(np.float64)
    return ScoredBoxes(boxes, scores, numbers, polygons, weights)


HEAD = Head(
    "yolov10",
    "an output [1, boxes, 6], or with more columns",
    find,
    decode,
    FRACTIONS,
    iou_threshold=1.0,
    boxes="x_min, y_min, x_max, y_max (with an angle: center and size), in pixels or fractions of the input",
)
