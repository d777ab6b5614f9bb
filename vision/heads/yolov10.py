"""The finished rows of YOLOv10, and of exports with the suppression inside: corners, score and number of the label.

Source: ultralytics/ultralytics, ``nn/modules/head.py`` (``Detect.postprocess``). Nothing is left out here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..candidates import Candidates
from .grid import FRACTIONS
from .head import FLOOR, Array, Found, Head, Shapes, Size, as_fractions

_COLUMNS = 6
_MOST_ROWS = 1000  # of a list of finished boxes; more are raw ones


def find(shapes: Shapes, size: Size, labels: int) -> Found | None:
    """Return the output [1, boxes, 6]; how many labels there are it does not say."""
    for name, shape in shapes.items():
        if len(shape) == 3 and shape[2] == _COLUMNS and shape[1] > _COLUMNS:
            return Found((name,), labels, len(shapes) == 1 and 10 <= shape[1] <= _MOST_ROWS)
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int) -> Candidates:
    """Return the boxes of rows of corners, score and label."""
    rows = outputs[0]
    boxes = as_fractions(rows[:, :4], size)
    kept = rows[:, 4] >= FLOOR
    return Candidates(boxes[kept], rows[kept, 4].clip(0.0, 1.0), rows[kept, 5].astype(np.float64))


HEAD = Head("yolov10", "an output [1, boxes, 6]", find, decode, FRACTIONS, iou_threshold=1.0)
