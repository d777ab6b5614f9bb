"""YOLOv8, v9, v11 and v12: one box per cell, each with centre, size and a score per label, columns first.

Source: ultralytics/ultralytics, ``nn/modules/head.py`` (``Detect._inference``), whose exports output boxes in pixels
of the input (TensorFlow Lite: fractions) and scores after the sigmoid. Mask coefficients of segmentation models and
keypoints of pose models follow the scores and are ignored. One extra column is the angle of a rotated box, which is
decoded to the axis-aligned box around it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .grid import FRACTIONS, has_cells, mask_coefficients
from .head import Head, HeadMatch, axis_aligned, best_classes, corners, to_fractions


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, 4 + labels, boxes], or the same with rows first."""
    shapes, size, labels = model.shapes, model.size, model.labels
    coefficients = mask_coefficients(shapes, size)
    for name, shape in shapes.items():
        if len(shape) != 3:
            continue
        is_transposed = shape[2] < shape[1]  # rows first
        columns, rows = (shape[2], shape[1]) if is_transposed else (shape[1], shape[2])
        classes = columns - 4 - coefficients
        if labels and classes > labels:
            classes = labels
        if classes < 1:
            continue
        is_named = labels in (0, classes) and (not is_transposed or labels == columns - 4)
        return HeadMatch((name,), classes, has_cells(rows, size) and is_named)
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode columns of centre, size and a score per label."""
    rows = outputs[0] if outputs[0].shape[1] < outputs[0].shape[0] else outputs[0].T
    boxes = to_fractions(rows[:, :4], size, rows[:, :2])
    has_angle = rows.shape[1] == 4 + classes + 1
    boxes = axis_aligned(boxes, rows[:, -1:], size) if has_angle else corners(boxes[:, :2], boxes[:, 2:])
    return best_classes(boxes, rows[:, 4 : 4 + classes])


HEAD = Head("yolov8", "an output [1, 4 + labels, boxes]", find, decode, FRACTIONS)
