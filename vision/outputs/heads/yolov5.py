"""YOLOv5 and v7: three boxes per cell, each with centre, size, objectness and a score per label.

Source: ultralytics/yolov5, ``models/yolo.py`` (``Detect.forward``), whose exports output boxes in pixels of the input
(TensorFlow Lite: fractions) and scores after the sigmoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..scores import NO_ACTIVATION, ScoredBoxes
from .box_forms import CORNERS_DOUBT, are_corners
from .evidence import Array, Evidence, Size
from .grid import FRACTIONS, has_cells, mask_coefficients
from .head import FLOOR, Head, HeadMatch, best_classes, corners, probabilities, to_fractions

_PER_CELL = 3


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, boxes, 5 + labels]."""
    shapes, size, labels = model.shapes, model.size, model.labels
    coefficients = mask_coefficients(shapes, size)
    for name, shape in shapes.items():
        if len(shape) == 3 and 5 + coefficients < shape[2] < shape[1]:
            classes = shape[2] - 5 - coefficients
            if labels and not model.fits(classes) and classes > labels:
                more_than_scores = not model.are_scores(name, 5 + labels, 1)
                classes = labels if more_than_scores else classes
            fits = has_cells(shape[1], size, _PER_CELL) and not model.shares_rows(name, shape[1])
            activation = model.activation_of(name, 4, 5 + classes, 1)
            is_certain = fits and activation in (NO_ACTIVATION, model.declared_activation)
            has_corners = is_certain and are_corners(model.boxes(name))
            because = f"{name} has three rows for each cell of an input of {size[0]}x{size[1]}, with {classes} scores"
            return HeadMatch(
                (name,),
                classes,
                is_certain and not has_corners,
                because,
                activation=activation or NO_ACTIVATION,
                decode=partial(decode, activation=activation or NO_ACTIVATION),
                doubt=f"{because}, {CORNERS_DOUBT}" * has_corners,
            )
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int, *, activation: str = NO_ACTIVATION) -> ScoredBoxes:
    """Decode rows of centre, size, objectness and a score per label; the confidence is their product.

    Args:
        outputs: The output.
        size: Width and height of the input.
        classes: Number of labels.
        activation: What the scores need to be probabilities.
    """
    rows = outputs[0]
    boxes = to_fractions(rows[:, :4], size, rows[:, :2])
    objectness = probabilities(rows[:, 4:5], activation)
    kept = objectness[:, 0] >= FLOOR
    rows, boxes, objectness = rows[kept], boxes[kept], objectness[kept]
    scores = probabilities(rows[:, 5 : 5 + classes], activation) * objectness
    return best_classes(corners(boxes[:, :2], boxes[:, 2:]), scores)


HEAD = Head("yolov5", "an output [1, boxes, 5 + labels]", find, decode, FRACTIONS)
