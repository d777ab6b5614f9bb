"""MoveNet: the joints of one person, or of up to six, each as y, x and a score in fractions of the input.

Sources: tensorflow/examples, ``lite/examples/pose_estimation/raspberry_pi`` (``data.py`` for a single person, whose
score is the mean of the points that score more than 0.1; ``ml/movenet_multipose.py`` for several, whose rows end in
y_min, x_min, y_max, x_max and score; ``ml/movenet.py`` for the input: letterboxed with black, values of 0 to 255). An
input of any size takes multiples of 32.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ...inputs import Preparation
from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .head import FLOOR, Head, HeadMatch
from .point_sets import PERSON, point_set

_LEAST = 0.1  # score of a point that counts to the score of a single person
_SIDES = 4  # after the points of one of several people: the box, then the score
_MOST_PEOPLE = 20
_LEAST_SIZE = 1e-4  # of a box around points in one line, which would be empty
_MARGIN = 0.5  # points may be predicted a little outside of the input


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, 1, points, 3], or [1, people, 3 x points + 5] of a model for several people."""
    for name, shape in model.full.items():
        if len(shape) == 4 and shape[:2] == (1, 1) and shape[3] == 3 and shape[2] > 1:
            points, columns = shape[2], 3
            is_usual = points == len(PERSON.names) or model.metadata.keypoints_shape[:1] == (points,)
            what = f"{name} has y, x and a score for each of {points} points"
        elif len(shape) == 3 and shape[0] == 1 and shape[1] <= _MOST_PEOPLE and shape[2] == 3 * 17 + _SIDES + 1:
            points, columns, is_usual = len(PERSON.names), shape[2], True
            what = f"{name} has y, x and a score for each of {points} points, a box and a score"
        else:
            continue
        is_certain = len(model.full) == 1 and is_usual and _are_fractions(model.rows(name, columns), columns)
        found = point_set(model, points)
        return HeadMatch(
            (name,),
            1,
            is_certain,
            f"{what}, all as fractions; {found.because}",
            decode=partial(decode, columns=columns),
            points=found,
        )
    return None


def _are_fractions(rows: Array, columns: int) -> bool:
    """Return whether values are places about the input and scores from 0 to 1."""
    if not len(rows) or not np.isfinite(rows).all():
        return False
    triples = rows if columns == 3 else rows[:, : 3 * 17].reshape(-1, 3)
    places, scores = triples[:, :2], triples[:, 2]
    is_placed = places.min() >= -_MARGIN and places.max() <= 1 + _MARGIN
    return bool(is_placed and scores.min() >= -0.01 and scores.max() <= 1.01)


def decode(outputs: Sequence[Array], size: Size, classes: int, *, columns: int = 3) -> ScoredBoxes:
    """Decode one row of points and scores, or one row for each person.

    Args:
        outputs: The output.
        size: Width and height of the input.
        classes: One: a person.
        columns: 3 for a single person, else the length of the row of each.
    """
    if columns == 3:
        points = outputs[0].reshape(1, -1, 3)[..., [1, 0, 2]]
        counted = points[0, :, 2] > _LEAST
        if not counted.any():
            return ScoredBoxes(np.zeros((0, 4)), np.zeros(0), np.zeros(0), points=points[:0])
        scores, places = points[0, counted, 2].mean(keepdims=True), points[0, counted, :2]
        boxes = np.concatenate([places.min(axis=0) - _LEAST_SIZE / 2, places.max(axis=0) + _LEAST_SIZE / 2])[None]
    else:
        rows = outputs[0].reshape(-1, columns)
        rows = rows[~(rows[:, -1] < FLOOR)]
        points = rows[:, : -_SIDES - 1].reshape(len(rows), -1, 3)[..., [1, 0, 2]]
        boxes, scores = rows[:, [-4, -5, -2, -3]], rows[:, -1]
    points = np.concatenate([points[..., :2], points[..., 2:].clip(0.0, 1.0)], axis=-1)
    return ScoredBoxes(boxes, scores.clip(0.0, 1.0), np.zeros(len(scores)), points=points)


_PREPARATION = Preparation(mean=(0.0, 0.0, 0.0), std=(1 / 255, 1 / 255, 1 / 255), letterbox=True, step=32, longest=256)

HEAD = Head(
    "movenet",
    "an output [1, 1, points, 3] or [1, people, 56]",
    find,
    decode,
    _PREPARATION,
    labels=("person",),
    iou_threshold=1.0,
    boxes="around the points, in fractions of the input",
    kinds=("detections", "keypoints"),
)
