"""Predictions for a moment between two frames that were inferred."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from cameras import BoundingBox, Detection, Keypoints, Mask, Movement, Points, Prediction, warped

NEAR = 1.0
"""Largest distance of the centres of the same object in both frames, in sizes of its box."""


def between(before: Sequence[Prediction], after: Sequence[Prediction], share: float) -> tuple[Prediction, ...]:
    """Return the predictions at a moment between two frames.

    Objects with a box or with points that are in both frames move in a straight line. All other predictions are those
    of the nearer frame, masks of segmentations too.

    Args:
        before: The predictions for the earlier frame.
        after: Those for the later one.
        share: Where the moment is, from 0 (the earlier frame) to 1 (the later one).
    """
    nearer, other = (before, after) if share < 0.5 else (after, before)
    way = share if share < 0.5 else 1 - share
    pairs = _pairs(nearer, other)
    moved = (
        one.moved(_movement(one, other[pairs[index]], way)) if index in pairs else one
        for index, one in enumerate(nearer)
    )
    return tuple(each for each in moved if each is not None)


def _pairs(nearer: Sequence[Prediction], other: Sequence[Prediction]) -> dict[int, int]:
    """Return which prediction of the other frame is the same object: those that are nearest to each other first."""
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, index, partner in sorted(_distances(nearer, other)):
        if index not in pairs and partner not in taken:
            pairs[index] = partner
            taken.add(partner)
    return pairs


def _distances(nearer: Sequence[Prediction], other: Sequence[Prediction]) -> Iterator[tuple[float, int, int]]:
    boxes = [_box(each) for each in other]
    for index, one in enumerate(nearer):
        box = _box(one)
        if box is None:
            continue
        for partner, (candidate, there) in enumerate(zip(other, boxes, strict=True)):
            if there is None or type(candidate) is not type(one) or candidate.label != one.label:
                continue
            width = max(box.x_max - box.x_min, there.x_max - there.x_min)
            height = max(box.y_max - box.y_min, there.y_max - there.y_min)
            across = box.x_min + box.x_max - there.x_min - there.x_max
            down = box.y_min + box.y_max - there.y_min - there.y_max
            distance = math.hypot(across / max(width, 1e-9), down / max(height, 1e-9)) / 2
            if distance <= NEAR:
                yield distance, index, partner


def _box(prediction: Prediction) -> BoundingBox | None:
    if isinstance(prediction, Detection):
        return prediction.box  # with a mask too, which moves along
    return prediction.region if isinstance(prediction.region, BoundingBox) else None


def _movement(one: Prediction, other: Prediction, way: float) -> Movement:
    """Return the movement of an object a part of the way to where it is in the other frame."""
    start, end = _box(one), _box(other)
    assert start is not None and end is not None
    low, high = np.array([start.x_min, start.y_min]), np.array([start.x_max, start.y_max])
    low_there = low + way * (np.array([end.x_min, end.y_min]) - low)
    high_there = high + way * (np.array([end.x_max, end.y_max]) - high)
    scale = (high_there - low_there) / np.maximum(high - low, 1e-9)
    shift = low_there - scale * low

    def points(old: Points) -> Points:
        if isinstance(one, Keypoints) and isinstance(other, Keypoints) and len(one.points) == len(other.points):
            both = np.array([a.is_visible and b.is_visible for a, b in zip(one.points, other.points, strict=True)])
            straight = one.places + way * (other.places - one.places)
            if old.shape == straight.shape:
                return np.asarray(np.where(both[:, None], straight, scale * old + shift))
        return np.asarray(scale * old + shift)

    def box(old: BoundingBox) -> BoundingBox | None:
        corners = scale * np.array([[old.x_min, old.y_min], [old.x_max, old.y_max]]) + shift
        return BoundingBox(*corners.ravel().tolist()).clipped()

    def mask(old: Mask) -> Mask:
        height, width = old.shape
        safe = np.maximum(scale, 1e-9)
        inverse = np.array([[1 / safe[0], 0, -shift[0] / safe[0]], [0, 1 / safe[1], -shift[1] / safe[1]]])
        return warped(old, inverse, width, height)

    return Movement(box, mask, points)
