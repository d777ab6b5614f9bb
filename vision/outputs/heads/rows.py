"""Boxes that a model gives as finished rows: corners with a score and a class number each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .head import FLOOR, pixels_to_fractions


def scored_rows(boxes: Array, scores: Array, numbers: Array, count: Array | None = None) -> ScoredBoxes:
    """Return rows of corners in fractions that score at least ``FLOOR``, without those beyond the count.

    Args:
        boxes: (n, 4) x_min, y_min, x_max, y_max in fractions of the input.
        scores: n scores, in any shape.
        numbers: n class numbers, in any shape.
        count: The number of valid rows, in any shape; ``None`` if all are valid.
    """
    scores, numbers = scores.reshape(-1), numbers.reshape(-1)
    kept = scores >= FLOOR
    if count is not None and count.size and np.isfinite(count.reshape(-1)[0]):
        kept &= np.arange(len(kept)) < round(float(count.reshape(-1)[0]))
    return ScoredBoxes(boxes[kept], scores[kept].clip(0.0, 1.0), numbers[kept].astype(np.float64))


def scored_pairs(boxes: Array, scores: Array, most: int) -> ScoredBoxes:
    """Return a row for each box and label whose score is at least ``FLOOR``: a box may have several labels.

    Args:
        boxes: (n, 4).
        scores: (n, labels).
        most: Most rows, the best ones.
    """
    places, numbers = np.nonzero(scores >= FLOOR)
    found = scores[places, numbers]
    if len(found) > most:
        best = np.argpartition(-found, most)[:most]
        places, numbers, found = places[best], numbers[best], found[best]
    return ScoredBoxes(boxes[places], found.clip(0.0, 1.0), numbers.astype(np.float64))


def pixel_rows(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode boxes as corners in pixels, scores, class numbers and, if there is one, their count."""
    boxes, scores, numbers, *count = outputs
    return scored_rows(pixels_to_fractions(boxes.reshape(-1, 4), size), scores, numbers, count[0] if count else None)


def has_class_zero(model: Evidence, numbers: str, scores: str) -> bool:
    """Return whether a row that scores has the class number 0 in the trial run: then 0 is no background."""
    found, confidences = model.rows(numbers, 1), model.rows(scores, 1)
    return len(found) == len(confidences) and bool((found[confidences >= FLOOR] == 0).any())


def class_column(model: Evidence, output: str) -> int | None:
    """Return which of the last two of seven columns is the class number, 5 or 6, by the trial run.

    The other one is the score: not whole, and from 0 to 1. ``None`` if the values do not show it.
    """
    rows = model.rows(output, 7)
    rows = rows[(rows[:, 1:5] != 0).any(axis=1)]
    whole = [bool(np.all(rows[:, column] == np.round(rows[:, column]))) for column in (5, 6)]
    inside = [bool(np.all((rows[:, column] >= 0) & (rows[:, column] <= 1))) for column in (5, 6)]
    if len(rows) == 0 or not any(whole):
        return None
    if whole[0] != whole[1]:
        return (5 if whole[0] else 6) if inside[1 if whole[0] else 0] else None
    if inside[0] != inside[1]:
        return 6 if inside[0] else 5
    return None
