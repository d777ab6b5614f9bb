"""The description of a head, which decodes the raw outputs of one detector family, and helpers for decoding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from ...inputs import DEFAULT_PREPARATION, Preparation
from ..scores import SIGMOID, SOFTMAX, ScoredBoxes, sigmoid, softmax
from .evidence import Array, Evidence, Size
from .point_sets import PointSet

Decode: TypeAlias = Callable[[Sequence[Array], Size, int], ScoredBoxes]

FLOOR = 0.05
"""Lower scores are noise: raw outputs have thousands of rows that all score a little."""

_MAX_FRACTION = 4.0  # boxes in fractions of the input stay below it; those in pixels soon exceed it


class HeadMatch(NamedTuple):
    """The outputs of a model that match a head.

    Attributes:
        outputs: Their names, in the head's order.
        classes: Number of classes; 0 if the outputs do not show it.
        is_certain: Whether the evidence allows no other head.
        because: The evidence, as a sentence without a full stop.
        activation: What its decoder applies to the scores: ``sigmoid``, ``softmax`` or ``none``; empty: the head's.
        decode: The decoder, if it depends on the evidence; default: the head's.
        first_class: The number that the model gives to its first class.
        preparation: Input preparation, if it depends on the evidence; default: the head's.
        prototypes: The output with the prototypes of masks, for a decoder that gives coefficients.
        batched: Whether the outputs' first axis is the batch, which the decoder does not get.
        closed: Whether ``classes`` is the number of classes of the model itself, which labels have to match.
        points: The points of each object, for a decoder that gives points.
        has_gaps: Whether such models number the classes of COCO with its gaps, if the outputs do not show their number;
            ``None`` if unknown.
        doubt: What is not certain, if the rest is: a sentence without a full stop that says what to declare.
    """

    outputs: tuple[str, ...]
    classes: int
    is_certain: bool
    because: str = ""
    activation: str = ""
    decode: Decode | None = None
    first_class: int = 0
    preparation: Preparation | None = None
    prototypes: str = ""
    batched: bool = True
    closed: bool = True
    points: PointSet | None = None
    has_gaps: bool | None = False
    doubt: str = ""


@dataclass(frozen=True)
class Head:
    """One family of detectors with raw outputs.

    Attributes:
        name: Its name in the YAML.
        wanted: Description of the shapes that it decodes.
        find: Maps what is known of a model to the matching outputs; ``None`` if there are none.
        decode: Maps those outputs (without axes of size 1), input size and number of classes to boxes in fractions of
            the input, with scores of at least ``FLOOR``.
        preparation: Input preparation of such models.
        labels: Default labels of its classes.
        boxes: What the numbers of a box are, in words.
        activation: What the decoder applies to the scores: ``sigmoid``, ``softmax`` or ``none``.
        kinds: The kinds of predictions that it gives, as plurals.
        iou_threshold: Default of the non-maximum suppression, as in the original code.
    """

    name: str
    wanted: str
    find: Callable[[Evidence], HeadMatch | None]
    decode: Decode
    preparation: Preparation = DEFAULT_PREPARATION
    labels: tuple[str, ...] = ()
    iou_threshold: float = 0.45
    boxes: str = "center and size, in pixels or fractions of the input"
    activation: str = "none"
    kinds: tuple[str, ...] = ("detections",)


def corners(centres: Array, sizes: Array) -> Array:
    """Return boxes as corners, (n, 4), from centres and sizes, (n, 2) each."""
    return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)


def turned_corners(boxes: Array, angles: Array, size: Size) -> Array:
    """Return the corners of turned boxes, (n, 4, 2) in fractions of the input.

    Args:
        boxes: (n, 4) centre and size in fractions of the input.
        angles: (n, 1) in radians.
        size: Width and height of the input: the rotation is in pixels.
    """
    scale = np.array(size, np.float32)
    centres, sides = boxes[:, None, :2] * scale, boxes[:, 2:] * scale / 2
    across = np.concatenate([np.cos(angles), np.sin(angles)], axis=1) * sides[:, :1]
    down = np.concatenate([-np.sin(angles), np.cos(angles)], axis=1) * sides[:, 1:]
    offsets = np.stack([across + down, across - down, -across - down, down - across], axis=1)
    return np.asarray((centres + offsets) / scale, np.float32)


def bounds(polygons: Array) -> Array:
    """Return the upright boxes around polygons, (n, 4) from (n, corners, 2)."""
    return np.concatenate([polygons.min(axis=1), polygons.max(axis=1)], axis=1)


def max_magnitude(values: Array) -> float:
    """Return the largest absolute value of the finite values, 0 if there are none."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def to_fractions(boxes: Array, size: Size, places: Array | None = None) -> Array:
    """Return boxes in fractions of the input: some exports have fractions, others pixels, judged by all rows.

    Args:
        boxes: (n, 4).
        size: Width and height of the input.
        places: Values to judge by, default: the boxes. Centres are better: noise may be wider than a small input.
    """
    return (
        pixels_to_fractions(boxes, size)
        if max_magnitude(boxes if places is None else places) > _MAX_FRACTION
        else boxes
    )


def pixels_to_fractions(boxes: Array, size: Size) -> Array:
    """Return boxes in pixels of the input in fractions of it."""
    return np.asarray(boxes / np.array([*size, *size]), np.float32)


def best_classes(boxes: Array, scores: Array) -> ScoredBoxes:
    """Return boxes with the class and score of their best column, without scores below ``FLOOR``."""
    return best_classes_with(boxes, scores)


def best_classes_with(
    boxes: Array, scores: Array, polygons: Array | None = None, coefficients: Array | None = None
) -> ScoredBoxes:
    """Return the same with the polygons or mask coefficients of the boxes."""
    best = scores.max(axis=1)
    kept = best >= FLOOR
    numbers = scores[kept].argmax(axis=1).astype(np.float64)
    found = ScoredBoxes(boxes[kept], best[kept].clip(0.0, 1.0), numbers)
    return found._replace(
        polygons=None if polygons is None else polygons[kept],
        coefficients=None if coefficients is None else coefficients[kept],
    )


def probabilities(scores: Array, activation: str) -> Array:
    """Return scores after their activation, for a softmax over each row."""
    if activation == SOFTMAX:
        return softmax(scores)
    return sigmoid(scores) if activation == SIGMOID else scores
