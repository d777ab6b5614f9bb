"""The description of a head, which decodes the raw outputs of one detector family, and helpers for decoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...inputs import DEFAULT_PREPARATION, Preparation
from ..scores import ScoredBoxes, sigmoid

Shapes = Mapping[str, tuple[int, ...]]
Size = tuple[int, int]  # width and height of the model's input in pixels
Array = NDArray[np.float32]

FLOOR = 0.05
"""Lower scores are noise: raw outputs have thousands of rows that all score a little."""

_MAX_FRACTION = 4.0  # boxes in fractions of the input stay below it; those in pixels soon exceed it


class HeadMatch(NamedTuple):
    """The outputs of a model that match a head.

    Attributes:
        outputs: Their names, in the head's order.
        classes: Number of classes.
        is_certain: Whether the shapes fit this head unambiguously.
    """

    outputs: tuple[str, ...]
    classes: int
    is_certain: bool


@dataclass(frozen=True)
class Head:
    """One family of detectors with raw outputs.

    Attributes:
        name: Its name in the YAML.
        wanted: Description of the shapes that it decodes.
        find: Maps shapes (without axes of size 1 after the first), input size and number of labels (0 if unknown) to
            the matching outputs; ``None`` if there are none.
        decode: Maps those outputs (without axes of size 1), input size and number of classes to boxes in fractions of
            the input, with scores of at least ``FLOOR``.
        preparation: Input preparation of such models.
        labels: Default labels of its classes.
        iou_threshold: Default of the non-maximum suppression, as in the original code.
    """

    name: str
    wanted: str
    find: Callable[[Shapes, Size, int], HeadMatch | None]
    decode: Callable[[Sequence[Array], Size, int], ScoredBoxes]
    preparation: Preparation = DEFAULT_PREPARATION
    labels: tuple[str, ...] = ()
    iou_threshold: float = 0.45


def squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a shape without its axes of size 1, except the first, which is the batch."""
    return (*shape[:1], *(size for size in shape[1:] if size != 1))


def corners(centres: Array, sizes: Array) -> Array:
    """Return boxes as corners, (n, 4), from centres and sizes, (n, 2) each."""
    return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)


def axis_aligned(boxes: Array, angles: Array, size: Size) -> Array:
    """Return the corners of the axis-aligned boxes around rotated boxes.

    Args:
        boxes: (n, 4) centre and size in fractions of the input.
        angles: (n, 1) in radians.
        size: Width and height of the input: the rotation is in pixels.
    """
    across, down = np.abs(np.cos(angles)), np.abs(np.sin(angles))
    width, height = boxes[:, 2:3] * size[0], boxes[:, 3:] * size[1]
    sides = np.hstack([(width * across + height * down) / size[0], (width * down + height * across) / size[1]])
    return corners(boxes[:, :2], np.asarray(sides, np.float32))


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
    best = scores.max(axis=1)
    kept = best >= FLOOR
    numbers = scores[kept].argmax(axis=1).astype(np.float64)
    return ScoredBoxes(boxes[kept], best[kept].clip(0.0, 1.0), numbers)


def as_probabilities(scores: Array) -> Array:
    """Return scores after a sigmoid, unless they are all between 0 and 1."""
    if scores.size and (scores.min() < -0.01 or scores.max() > 1.01):
        return sigmoid(scores)
    return scores
