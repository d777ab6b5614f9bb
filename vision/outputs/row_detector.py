"""Detectors that output decoded boxes: one row each, with a class number and a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..runtimes import ModelError, Tensor, is_background
from .detector import Detector
from .heads import Y_FIRST
from .scores import (
    AUTO,
    NO_ACTIVATION,
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

DEFAULT_ORDER = Y_FIRST
_NEAR = 0.01  # a quantised probability may leave 0 to 1 by a step
_MAX_FRACTION = 2.0  # boxes and scores in fractions exceed 0 to 1 a little, never this far
_PADDING = -1.0  # score of the rows that pad the outputs of MXNet

Numbers = NDArray[np.float64]
Samples = Sequence[Mapping[str, Tensor]]


def _without_padding(scores: Numbers) -> Numbers:
    """Return scores without those of rows that pad the outputs; beside others above 1 they are logits."""
    finite = scores[np.isfinite(scores)]
    return finite[finite != _PADDING] if finite.max(initial=0.0) <= 1 + _NEAR else finite


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
        activation: The declared activation of the scores, in place of what the samples show; ``auto`` if none is.
        samples: The outputs for a few sample pictures. Negative scores there are logits, for a sigmoid; with a
            background among the columns, for a softmax.

    Attributes:
        activation: What is applied to the scores: ``softmax``, ``sigmoid`` or ``none``.
        because: Why.

    Raises:
        ModelError: when the declared activation does not suit the scores.
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
        samples: Samples = (),
    ) -> None:
        super().__init__(labels, thresholds, name, suppression)
        self._declared = activation
        self._layout = layout
        self._position = [boxes.order.index(side) for side in range(4)]
        self._in_pixels = boxes.in_pixels
        self._are_percentages = False
        arrays = [self._scores(sample) for sample in samples]
        columns = max(
            (
                array.size // max(sample[layout.location].size // 4, 1)
                for array, sample in zip(arrays, samples, strict=True)
            ),
            default=1,
        )
        if activation == SOFTMAX and columns < 2:
            raise ModelError(f"activation: softmax needs a score per label, but {layout.score} has one for each box")
        finite = np.concatenate([array[np.isfinite(array)] for array in arrays]) if arrays else np.zeros(0)
        lowest = float(_without_padding(finite).min(initial=0.0))
        self.because = "declared as activation"
        self.activation = activation
        if activation == AUTO:
            self.activation = NO_ACTIVATION
            self.because = "no score of the trial run is negative"
            if lowest < -_NEAR:
                self.activation = self._of_logits(columns)
                self.because = f"the scores of the trial run begin at {lowest:.4g}, so they are no probabilities"
        if self.activation == NO_ACTIVATION:
            self._find_percentages(finite)

    def _of_logits(self, columns: int) -> str:
        return SOFTMAX if columns > 1 and self._has_background(columns) else SIGMOID

    def _has_background(self, columns: int) -> bool:
        """Return whether the first column is the background: there is no label for it, or the first one says so."""
        return len(self.labels) == columns - 1 or any(is_background(label) for label in self.labels[:1])

    def _find_percentages(self, scores: Numbers) -> None:
        """Recognise percentages by the largest score; once seen, all scores are."""
        finite = scores[np.isfinite(scores)]
        self._are_percentages = self._are_percentages or bool(finite.size and finite.max() > _MAX_FRACTION)

    def _scores(self, outputs: Mapping[str, Tensor]) -> Numbers:
        array = outputs[self._layout.score]
        scores = array.astype(np.float64)
        return scores / 255.0 if array.dtype == np.uint8 else scores  # quantised, but without a scale in the model

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
        scores = self._scores(outputs)
        if scores.size > boxes > 0:
            return self._best_columns(scores.reshape(boxes, -1))
        scores = scores.reshape(-1)
        scores = sigmoid(scores) if self.activation == SIGMOID else self._confidences(scores)
        if self._layout.category is None:
            return np.zeros(len(scores)), scores
        return outputs[self._layout.category].reshape(-1).astype(np.float64), scores

    def _best_columns(self, scores: Numbers) -> tuple[Numbers, Numbers]:
        """Return class number and score of the best column of each box; the score is 0 where that is the background.

        Negative scores are logits, even if the trial run had none.
        """
        finite = np.where(np.isfinite(scores), scores, -np.inf)
        best = finite.argmax(axis=1)
        extra = int(len(self.labels) == scores.shape[1] - 1)
        if self._declared == AUTO and self.activation == NO_ACTIVATION and np.any(_without_padding(scores) < -_NEAR):
            self.activation = self._of_logits(scores.shape[1])
        if self.activation != NO_ACTIVATION:
            finite = softmax(finite) if self.activation == SOFTMAX else sigmoid(finite)
        confidences = self._confidences(finite[np.arange(len(scores)), best])
        if self._has_background(scores.shape[1]):
            confidences = np.where(best == 0, 0.0, confidences)
        nothing = ~np.isfinite(scores).any(axis=1)
        return (best - extra).astype(np.float64), np.where(nothing, np.nan, confidences)

    def _confidences(self, scores: Numbers) -> Numbers:
        """Return scores as confidences from 0 to 1."""
        self._find_percentages(scores)
        return (scores / 100.0 if self._are_percentages else scores).clip(0.0, 1.0)

    def _are_pixels(self, boxes: Floats) -> bool:
        """Return whether boxes are in pixels, judged by all of them: a small box alone looks like fractions."""
        if self._in_pixels is not None:
            return self._in_pixels
        reach = np.abs(boxes).max(axis=1) if len(boxes) else np.zeros(0)
        reach = reach[reach > 0]
        return bool(reach.size) and bool(np.mean(reach > _MAX_FRACTION) >= 0.25)
