"""Reading the answer of a detector: boxes, and for each the number of a label and a score."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox, Detection

from .layout import Layout
from .minimums import Minimums
from .runtime import Tensor

logger = logging.getLogger(__name__)

DEFAULT_ORDER = (1, 0, 3, 2)
_BACKGROUNDS = ("background", "__background__", "???")
_NEAR = 0.01  # a quantised probability may leave 0 to 1 by a step
_NO_FRACTION = 2.0  # boxes in fractions reach a little outside 0 to 1, never this far

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class BoxFormat:
    """What the four numbers of a box are.

    Attributes:
        order: What each position holds: 0 x_min, 1 y_min, 2 x_max, 3 y_max.
        in_pixels: Whether they are pixels of the input; ``None`` when their size has to tell.
    """

    order: tuple[int, ...] = DEFAULT_ORDER
    in_pixels: bool | None = None


class Detector:
    """Turns a detector's outputs into detections inside the picture.

    Args:
        layout: Which output is which.
        labels: By number; empty names them by their number.
        boxes: What the four numbers of a box are.
        minimums: The lowest confidence that each label needs.
        name: Of the service, for the log.

    Attributes:
        dropped: How many rows with a box or score that is no number have been dropped.
        unknown: How many detections had a number without a label.
    """

    def __init__(self, layout: Layout, labels: Sequence[str], boxes: BoxFormat, minimums: Minimums, name: str) -> None:
        self.labels = tuple(labels)
        self.dropped = 0
        self.unknown = 0
        self._layout = layout
        self._position = [boxes.order.index(side) for side in range(4)]
        self._in_pixels = boxes.in_pixels
        self._minimums = minimums
        self._name = name

    def look(self, outputs: Mapping[str, Tensor], size: tuple[int, int]) -> tuple[Detection, ...]:
        """Return the detections, most confident first.

        A box partly outside the picture is clipped, one that is empty or wholly outside is left out.

        Args:
            outputs: What the model gave.
            size: Width and height of its input in pixels.
        """
        boxes = outputs[self._layout.location].reshape(-1, 4)[:, self._position].astype(np.float64)
        categories, scores = self._categories_and_scores(outputs, len(boxes))
        rows = self._rows(outputs, min(len(boxes), len(scores)))
        boxes, categories, scores = boxes[:rows], categories[:rows], scores[:rows]
        finite = np.isfinite(boxes).all(axis=1) & np.isfinite(scores) & np.isfinite(categories)
        self.dropped += int(rows - finite.sum())
        boxes, categories, scores = boxes[finite], categories[finite], scores[finite]
        if self._are_pixels(boxes):
            boxes = boxes / np.array([*size, *size], np.float64)
        found = (
            self._detection(number, score, box)
            for number, score, box in zip(
                categories.round().clip(-1e9, 1e9).astype(np.int64).tolist(),
                scores.tolist(),
                boxes.tolist(),
                strict=True,
            )
        )
        kept = (detection for detection in found if detection is not None)
        return tuple(sorted(kept, key=lambda detection: -detection.confidence))

    def _rows(self, outputs: Mapping[str, Tensor], most: int) -> int:
        if self._layout.count is None:
            return most
        count = float(outputs[self._layout.count].reshape(-1)[0])
        return int(min(max(round(count), 0), most)) if np.isfinite(count) else most

    def _categories_and_scores(self, outputs: Mapping[str, Tensor], boxes: int) -> tuple[Numbers, Numbers]:
        array = outputs[self._layout.score]
        scores = array.astype(np.float64)
        if array.dtype == np.uint8:  # not quantised, as far as the model says
            scores = scores / 255.0
        if scores.size > boxes > 0:
            return self._best_columns(scores.reshape(boxes, -1))
        scores = _confidences(scores.reshape(-1))
        if self._layout.category is None:
            return np.zeros(len(scores)), scores
        return outputs[self._layout.category].reshape(-1).astype(np.float64), scores

    def _best_columns(self, scores: Numbers) -> tuple[Numbers, Numbers]:
        """Return number and score of the best label of each box; nothing counts where the best is the background.

        The first column is the background when there is one column more than labels, or the first label says so.
        Scores below 0 are no probabilities yet.
        """
        finite = np.where(np.isfinite(scores), scores, -np.inf)
        best = finite.argmax(axis=1)
        extra = int(len(self.labels) == scores.shape[1] - 1)
        has_background = extra == 1 or self.labels[:1] and self.labels[0].casefold() in _BACKGROUNDS
        if np.any(scores < -_NEAR):
            finite = _softmax(finite) if has_background else _sigmoid(finite)
        confidences = _confidences(finite[np.arange(len(scores)), best])
        if has_background:
            confidences = np.where(best == 0, 0.0, confidences)
        nothing = ~np.isfinite(scores).any(axis=1)
        return (best - extra).astype(np.float64), np.where(nothing, np.nan, confidences)

    def _are_pixels(self, boxes: Numbers) -> bool:
        """Return whether boxes are in pixels: judged by them all, because a small one alone looks like a fraction."""
        if self._in_pixels is not None:
            return self._in_pixels
        reach = np.abs(boxes).max(axis=1) if len(boxes) else np.zeros(0)
        reach = reach[reach > 0]
        return bool(reach.size) and bool(np.mean(reach > _NO_FRACTION) >= 0.25)

    def _detection(self, number: int, score: float, numbers: Sequence[float]) -> Detection | None:
        box = BoundingBox(*numbers).clipped()
        if box is None or score <= 0.0:  # rows that only fill the tensor up have a score of 0
            return None
        label = self._label(number)
        return Detection(label, score, box=box) if score >= self._minimums[label] else None

    def _label(self, number: int) -> str:
        if not self.labels:
            return str(number)
        if 0 <= number < len(self.labels):
            return self.labels[number]
        self.unknown += 1
        if self.unknown == 1:
            logger.warning(
                "service %s: the model gives class %d but there are %d labels; such things are labelled 'class N'",
                self._name,
                number,
                len(self.labels),
            )
        return f"class {number}"


def _confidences(scores: Numbers) -> Numbers:
    """Return scores as confidences from 0 to 1; percentages, told by the largest of them, are divided by 100."""
    finite = scores[np.isfinite(scores)]
    if finite.size and finite.max() > 2.0:
        scores = scores / 100.0
    return scores.clip(0.0, 1.0)


def _sigmoid(scores: Numbers) -> Numbers:
    return np.asarray(1.0 / (1.0 + np.exp(-scores.clip(-700.0, 700.0))), np.float64)


def _softmax(scores: Numbers) -> Numbers:
    powers = np.exp((scores - scores.max(axis=1, keepdims=True)).clip(-700.0, 0.0))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)
