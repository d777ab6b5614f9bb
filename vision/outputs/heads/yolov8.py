"""YOLOv8, v9, v11 and v12: one box per cell, each with centre, size and a score per label, columns first.

Source: ultralytics/ultralytics, ``nn/modules/head.py`` (``Detect._inference``), whose exports output boxes in pixels
of the input (TensorFlow Lite: fractions) and scores after the sigmoid. Mask coefficients of segmentation models follow
the scores; keypoints of pose models, too, and are ignored. One extra column is the angle of a turned box.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ..scores import NO_ACTIVATION, SIGMOID, ScoredBoxes, sigmoid
from .box_forms import CORNERS_DOUBT, are_corners
from .evidence import Array, Evidence, Size
from .grid import FRACTIONS, has_cells, prototypes
from .head import FLOOR, Head, HeadMatch, best_classes_with, bounds, corners, to_fractions, turned_corners

_BOX = 4
_COCO = 80  # labels of the published models, by which rows first are told from YOLOX without labels
_MOST_MEDIAN = 0.25  # of scores in a trial run; places in fractions exceed it
_TURNED, _POSE = "obb", "pose"  # tasks, in the words of the model file


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, 4 + labels, boxes], or the same with rows first."""
    shapes, size, labels = model.shapes, model.size, model.labels
    masks, coefficients = prototypes(shapes, size)
    for name, shape in shapes.items():
        if len(shape) != 3:
            continue
        is_transposed = shape[2] < shape[1]  # rows first
        columns, rows = (shape[2], shape[1]) if is_transposed else (shape[1], shape[2])
        classes = columns - 4 - coefficients - (model.metadata.task == _TURNED)
        if labels and not model.fits(classes) and classes > labels:
            if not model.are_scores(name, 4 + labels, 1 if is_transposed else 0):  # an angle or keypoints
                classes = labels
        if classes < 1:
            continue
        is_named = not is_transposed or (model.fits(columns - 4) if labels else columns - 4 == _COCO)
        fits = has_cells(rows, size) and not model.shares_rows(name, rows) and is_named and model.metadata.task != _POSE
        if fits and columns - coefficients - _BOX != labels:
            fits = not _may_be_points(model, name, columns - coefficients, 1 if is_transposed else 0)
        activation = model.activation_of(name, 4, 4 + classes, 1 if is_transposed else 0) if fits else NO_ACTIVATION
        because = f"{name} has a row for each cell of an input of {size[0]}x{size[1]}, of a box and {classes} scores"
        is_certain = fits and activation is not None
        has_corners = is_certain and are_corners(model.boxes(name, 1 if is_transposed else 0))
        return HeadMatch(
            (name,),
            classes,
            is_certain and not has_corners,
            because if activation != SIGMOID else f"{because}, which are logits",
            activation=activation or NO_ACTIVATION,
            decode=partial(decode, activation=activation or NO_ACTIVATION, coefficients=coefficients),
            prototypes=masks,
            doubt=f"{because}, {CORNERS_DOUBT}" * has_corners,
        )
    return None


def _may_be_points(model: Evidence, name: str, columns: int, axis: int) -> bool:
    """Return whether the columns after one score may be points of x, y and a confidence, all in fractions.

    Of scores, most are near 0: most cells show nothing.
    """
    if model.metadata.task or columns < _BOX + 1 + 6 or (columns - _BOX - 1) % 3:
        return False
    return any(
        float(np.median(np.take(each, range(_BOX, columns), axis))) > _MOST_MEDIAN for each in model.values(name)
    )


def decode(
    outputs: Sequence[Array], size: Size, classes: int, *, activation: str = NO_ACTIVATION, coefficients: int = 0
) -> ScoredBoxes:
    """Decode columns of centre, size and a score per label, and what follows them.

    Args:
        outputs: The output.
        size: Width and height of the input.
        classes: Number of labels.
        activation: What the scores need to be probabilities.
        coefficients: Number of mask coefficients after the scores.
    """
    rows = outputs[0] if outputs[0].shape[1] < outputs[0].shape[0] else outputs[0].T
    scores = sigmoid(rows[:, 4 : 4 + classes]) if activation == SIGMOID else rows[:, 4 : 4 + classes]
    kept = scores.max(axis=1) >= FLOOR  # of all rows, only what follows is worth decoding
    boxes = to_fractions(rows[:, :4], size, rows[:, :2])[kept]
    rows, scores = rows[kept], scores[kept]
    if rows.shape[1] == 4 + classes + 1:
        polygons = turned_corners(boxes, rows[:, -1:], size)
        return best_classes_with(bounds(polygons), scores, polygons=polygons)
    weights = rows[:, 4 + classes : 4 + classes + coefficients] if coefficients else None
    return best_classes_with(corners(boxes[:, :2], boxes[:, 2:]), scores, coefficients=weights)


HEAD = Head("yolov8", "an output [1, 4 + labels, boxes]", find, decode, FRACTIONS)
