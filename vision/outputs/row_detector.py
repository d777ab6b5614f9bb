"""Detectors that output decoded boxes: one row each, with a class number and a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..runtimes import Tensor
from .detector import Detector
from .scores import (
    AUTO,
    BACKGROUNDS,
    SIGMOID,
    SOFTMAX,
    Floats,
    NonMaxSuppression,
    ScoredBoxes,
    Thresholds,
    sigmoid,
    softmax,
)
from .tensor_layout import TensorLayout

DEFAULT_ORDER = (1, 0, 3, 2)
_NEAR = 0.01  # a quantised probability may leave 0 to 1 by a step
_MAX_FRACTION = 2.0  # boxes in fractions exceed 0 to 1 a little, never this far

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class BoxFormat:
    """The meaning of the four numbers of a box.

    Attributes:
        order: The side at each position: 0 x_min, 1 y_min, 2 x_max, 3 y_max.
        in_pixels: Whether they are in pixels of the input; ``None`` infers it from their size.
    """

    order: tuple[int, ...] = DEFAULT_ORDER
    in_pixels: bool | None = None


class RowDetector(Detector):
    """Converts decoded boxes to detections.

    Args:
        layout: The role of each output.
        labels: Labels by class number; empty labels classes by their number.
        boxes: The meaning of the four numbers of a box.
        thresholds: Lowest confidence of each label.
        name: Name of the service, for the log.
        suppression: Non-maximum suppression of overlapping boxes; ``None`` keeps all.
        activation: The declared activation of the scores; ``auto`` judges by their values.
    """

    def __init__(
        self,
        layout: TensorLayout,
        labels: Sequence[str],
        boxes: BoxFormat,
        thresholds: Thresholds,
        name: str,
        suppression: NonMaxSuppression | None = None,
        activation: str = AUTO,
    ) -> None:
        super().__init__(labels, thresholds, name, suppression)
        self._activation = activation
        self._layout = layout
        self._position = [boxes.order.index(side) for side in range(4)]
        self._in_pixels = boxes.in_pixels

    def _decode(self, outputs: Mapping[str, Tensor], size: tuple[int, int]) -> ScoredBoxes:
        boxes = outputs[self._layout.location].reshape(-1, 4)[:, self._position].astype(np.float64)
        categories, scores = self._categories_and_scores(outputs, len(boxes))
        rows = self._rows(outputs, min(len(boxes), len(scores)))
        found = ScoredBoxes(boxes[:rows], scores[:rows], categories[:rows])
        finite = found.finite()
        if self._are_pixels(finite.boxes):
            return ScoredBoxes(found.boxes / np.array([*size, *size], np.float64), found.scores, found.class_ids)
        return found

    def _rows(self, outputs: Mapping[str, Tensor], most: int) -> int:
        if self._layout.count is None:
            return most
        count = float(outputs[self._layout.count].reshape(-1)[0])
        return int(min(max(round(count), 0), most)) if np.isfinite(count) else most

    def _categories_and_scores(self, outputs: Mapping[str, Tensor], boxes: int) -> tuple[Numbers, Numbers]:
        array = outputs[self._layout.score]
        scores = array.astype(np.float64)
        if array.dtype == np.uint8:  # quantised, but without a scale in the model
            scores = scores / 255.0
        if scores.size > boxes > 0:
            return self._best_columns(scores.reshape(boxes, -1))
        scores = scores.reshape(-1)
        scores = sigmoid(scores) if self._activation == SIGMOID else _confidences(scores)
        if self._layout.category is None:
            return np.zeros(len(scores)), scores
        return outputs[self._layout.category].reshape(-1).astype(np.float64), scores

    def _best_columns(self, scores: Numbers) -> tuple[Numbers, Numbers]:
        """Return class number and score of the best column of each box; the score is 0 where that is the background.

        The first column is the background if there is one column more than labels, or if the first label says so.
        Negative scores are logits and are normalised here.
        """
        finite = np.where(np.isfinite(scores), scores, -np.inf)
        best = finite.argmax(axis=1)
        extra = int(len(self.labels) == scores.shape[1] - 1)
        has_background = extra == 1 or self.labels[:1] and self.labels[0].casefold() in BACKGROUNDS
        activation = self._activation
        if activation == AUTO and np.any(scores < -_NEAR):
            activation = SOFTMAX if has_background else SIGMOID
        if activation in (SOFTMAX, SIGMOID):
            finite = softmax(finite) if activation == SOFTMAX else sigmoid(finite)
        confidences = _confidences(finite[np.arange(len(scores)), best])
        if has_background:
            confidences = np.where(best == 0, 0.0, confidences)
        nothing = ~np.isfinite(scores).any(axis=1)
        return (best - extra).astype(np.float64), np.where(nothing, np.nan, confidences)

    def _are_pixels(self, boxes: Floats) -> bool:
        """Return whether boxes are in pixels, judged by all of them: a small box alone looks like fractions."""
        if self._in_pixels is not None:
            return self._in_pixels
        reach = np.abs(boxes).max(axis=1) if len(boxes) else np.zeros(0)
        reach = reach[reach > 0]
        return bool(reach.size) and bool(np.mean(reach > _MAX_FRACTION) >= 0.25)


def _confidences(scores: Numbers) -> Numbers:
    """Return scores as confidences from 0 to 1; percentages, recognised by the largest score, are divided by 100."""
    finite = scores[np.isfinite(scores)]
    if finite.size and finite.max() > 2.0:
        scores = scores / 100.0
    return scores.clip(0.0, 1.0)
