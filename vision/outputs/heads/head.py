"""What a head is: the raw outputs of one family of detectors, and how boxes are computed from them."""

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
"""Scores below are noise: raw heads have thousands of rows, and something scores a little in each."""

_FARTHEST = 4.0  # from the corner of the input, in inputs; the pixels of a box soon exceed it


class HeadMatch(NamedTuple):
    """The outputs of a model that a head reads.

    Attributes:
        outputs: Their names, in the order that the head reads them in.
        classes: How many labels it tells apart.
        is_certain: Whether the shapes leave no doubt that it is this head.
    """

    outputs: tuple[str, ...]
    classes: int
    is_certain: bool


@dataclass(frozen=True)
class Head:
    """One family of detectors with raw outputs.

    Attributes:
        name: Its name in the YAML.
        wanted: The shapes that it reads, in words.
        find: From shapes (without sizes of 1 but the first), input size and number of labels (0: not known) to the
            outputs that it reads; ``None`` when there are no such ones.
        decode: From those outputs (without sizes of 1), input size and number of classes to boxes as fractions of the
            input, all scores of at least ``FLOOR``.
        preparation: What such models want of their input.
        labels: What its classes are called where nobody says.
        iou_threshold: At which overlap of two boxes its makers leave one out.
    """

    name: str
    wanted: str
    find: Callable[[Shapes, Size, int], HeadMatch | None]
    decode: Callable[[Sequence[Array], Size, int], ScoredBoxes]
    preparation: Preparation = DEFAULT_PREPARATION
    labels: tuple[str, ...] = ()
    iou_threshold: float = 0.45


def squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a shape without its sizes of 1, but for the first, which is the batch."""
    return (*shape[:1], *(size for size in shape[1:] if size != 1))


def corners(centres: Array, sizes: Array) -> Array:
    """Return boxes as corners, from their centres and sizes."""
    return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)


def axis_aligned(boxes: Array, angles: Array, size: Size) -> Array:
    """Return the corners of the boxes around turned ones.

    Args:
        boxes: (n, 4) centre and size as fractions of the input.
        angles: (n, 1) in radians.
        size: Of the input: boxes are turned in its pixels.
    """
    across, down = np.abs(np.cos(angles)), np.abs(np.sin(angles))
    width, height = boxes[:, 2:3] * size[0], boxes[:, 3:] * size[1]
    sides = np.hstack([(width * across + height * down) / size[0], (width * down + height * across) / size[1]])
    return corners(boxes[:, :2], np.asarray(sides, np.float32))


def max_magnitude(values: Array) -> float:
    """Return how far from 0 the farthest of the values that are numbers is."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def to_fractions(boxes: Array, size: Size, places: Array | None = None) -> Array:
    """Return boxes as fractions of the input: some exports give that, others pixels, as all rows together show.

    Args:
        boxes: (n, 4).
        size: Of the input.
        places: What shows it; without it the boxes. Centres do: noise may be several small inputs wide.
    """
    return pixels_to_fractions(boxes, size) if max_magnitude(boxes if places is None else places) > _FARTHEST else boxes


def pixels_to_fractions(boxes: Array, size: Size) -> Array:
    """Return pixels of the input as fractions of it."""
    return np.asarray(boxes / np.array([*size, *size]), np.float32)


def best_classes(boxes: Array, scores: Array) -> ScoredBoxes:
    """Return boxes with the number and score of the best of several columns each, without the noise."""
    best = scores.max(axis=1)
    kept = best >= FLOOR
    numbers = scores[kept].argmax(axis=1).astype(np.float64)
    return ScoredBoxes(boxes[kept], best[kept].clip(0.0, 1.0), numbers)


def as_probabilities(scores: Array) -> Array:
    """Return scores through a sigmoid, unless they are between 0 and 1 already."""
    if scores.size and (scores.min() < -0.01 or scores.max() > 1.01):
        return sigmoid(scores)
    return scores
