"""Pose models of YOLOv8 and 11: a box per cell with a score per label, and points of two or three values each.

Source: ultralytics/ultralytics, ``nn/modules/head.py`` (``Pose``), whose exports output boxes and points in pixels of
the input (TensorFlow Lite: fractions) and confidences after the sigmoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .grid import FRACTIONS, has_cells
from .head import FLOOR, Decode, Head, HeadMatch, best_classes, corners, max_magnitude, pixels_to_fractions
from .point_sets import point_set

MAX_FRACTION = 4.0
"""Places in fractions of the input stay below it; those in pixels soon exceed it."""
_BOX = 4


class Columns(NamedTuple):
    """What the columns of an output hold after the box.

    Attributes:
        classes: Number of scores; 0 for finished rows, which have a score and a class number.
        points: Number of points.
        values: Of each point: 2 for x and y, 3 with a confidence.
    """

    classes: int
    points: int
    values: int


PERSONS = Columns(1, 17, 3)
"""Those of a model of people, as of COCO."""


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, 4 + labels + points x values, boxes], or the same with rows first."""
    for name, shape in model.shapes.items():
        if len(shape) != 3:
            continue
        columns, rows = sorted(shape[1:])
        if not has_cells(rows, model.size):
            continue
        found = _columns(model, columns - _BOX)
        if found is not None:
            what = f"a row for each cell of an input of {model.size[0]}x{model.size[1]}"
            first = _BOX + found.classes
            return match(model, name, found, what, partial(decode, columns=found), first)
    return None


def match(model: Evidence, name: str, columns: Columns, what: str, decoder: Decode, first: int) -> HeadMatch:
    """Return the match of an output with points.

    It is certain if the model file says that it is a pose model, or if its values cannot be scores.

    Args:
        model: What is known of the model.
        name: The output.
        columns: What its columns hold.
        what: Its rows, in words.
        decoder: The decoder.
        first: The first column with points.
    """
    known = point_set(model, columns.points)
    scores = f"{columns.classes} score{'s'[: columns.classes > 1]}" if columns.classes else "a score, a class"
    sentence = f"{name} has {what}, of a box, {scores} and {columns.points} points of {columns.values} values"
    reason = ""
    if model.metadata.task == "pose":
        reason = "the model file says that it is a pose model"
    elif not model.metadata.task and _holds_points(model, name, columns, first):
        reason = "they hold places in pixels, which no scores could be"
    return HeadMatch(
        (name,),
        columns.classes,
        len(model.full) == 1 and bool(reason),
        "; ".join(filter(None, (sentence, reason, known.because))),
        decode=decoder,
        points=known,
    )


def _holds_points(model: Evidence, name: str, columns: Columns, first: int) -> bool:
    """Return whether the columns of points hold places in pixels with confidences, in the trial run."""
    width = first + columns.points * columns.values
    found = [rows if rows.shape[-1] == width else rows.T for rows in model.values(name) if rows.ndim == 2]
    if columns.values != 3 or not found or any(rows.shape[-1] != width for rows in found):
        return False
    triples = np.concatenate(found)[:, first:].reshape(-1, 3)
    if not np.isfinite(triples).all():
        return False
    confidences, reach = triples[:, 2], np.abs(triples[:, :2]).max(axis=0, initial=0.0)
    return bool((reach > MAX_FRACTION).all() and confidences.min() >= -0.01 and confidences.max() <= 1.01)


def _columns(model: Evidence, columns: int) -> Columns | None:
    """Return what the columns after the box of a raw output hold; ``None`` if there is no room for points."""
    if len(model.metadata.keypoints_shape) == 2:
        points, values = model.metadata.keypoints_shape
        classes = columns - points * values
        return Columns(classes, points, values) if classes > 0 and values in (2, 3) else None
    classes = model.labels or 1
    found = points_in(model, columns - classes)
    return None if found is None else Columns(classes, *found)


def points_in(model: Evidence, columns: int) -> tuple[int, int] | None:
    """Return the number of points in so many columns, and that of the values of each."""
    declared = model.metadata.keypoints_shape
    if len(declared) == 2:
        points, values = declared
        return (points, values) if points * values == columns and values in (2, 3) else None
    if columns >= 6 and columns % 3 == 0:
        return columns // 3, 3
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int, *, columns: Columns = PERSONS) -> ScoredBoxes:
    """Decode columns, or rows, of centre, size, a score per label, and points.

    Args:
        outputs: The output.
        size: Width and height of the input.
        classes: Number of labels.
        columns: What the columns hold.
    """
    first = _BOX + columns.classes
    rows = outputs[0] if outputs[0].shape[1] == first + columns.points * columns.values else outputs[0].T
    in_pixels = max_magnitude(rows[:, :2]) > MAX_FRACTION
    rows = rows[~(rows[:, _BOX:first].max(axis=1) < FLOOR)]  # of thousands, only these are worth decoding
    boxes = pixels_to_fractions(rows[:, :_BOX], size) if in_pixels else rows[:, :_BOX]
    found = best_classes(corners(boxes[:, :2], boxes[:, 2:]), rows[:, _BOX:first])
    return found._replace(points=decoded_points(rows[:, first:], columns, size if in_pixels else (1, 1), found.scores))


def decoded_points(values: Array, columns: Columns, scale: Size, scores: Array) -> Array:
    """Return points as x and y in fractions of the input, and confidence.

    Args:
        values: (n, points x values).
        columns: What the columns hold.
        scale: Width and height of the input in the unit of the places.
        scores: (n,) scores of the objects: the confidences of points that have none.
    """
    triples = values.reshape(len(values), columns.points, columns.values)
    places, confidences = triples[..., :2] / np.array(scale, np.float32), triples[..., 2:]
    if columns.values == 2:
        confidences = np.broadcast_to(np.asarray(scores, np.float32)[:, None, None], (*places.shape[:2], 1))
    return np.concatenate([places, confidences.clip(0.0, 1.0)], axis=-1)


HEAD = Head(
    "yolo_pose",
    "an output [1, 4 + labels + 3 x points, boxes], as many boxes as the input has cells",
    find,
    decode,
    FRACTIONS,
    kinds=("detections", "keypoints"),
)
