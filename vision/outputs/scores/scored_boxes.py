"""What a detector may have found, as arrays, before it becomes detections: and which of several on one thing stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox

Floats = NDArray[np.floating[Any]]

_MOST_COMPARED = 2000  # the most confident ones; there are never as many things in a picture


class ScoredBoxes(NamedTuple):
    """Boxes with a score and the number of a label each.

    Attributes:
        boxes: (n, 4) x_min, y_min, x_max, y_max as fractions.
        scores: (n,) from 0 to 1.
        class_ids: (n,) whole numbers.
    """

    boxes: Floats
    scores: Floats
    class_ids: Floats

    def at(self, where: NDArray[Any]) -> ScoredBoxes:
        """Return those that an index or a mask picks."""
        return ScoredBoxes(self.boxes[where], self.scores[where], self.class_ids[where])

    def finite(self) -> ScoredBoxes:
        """Return those that are all numbers."""
        return self.at(np.isfinite(self.boxes).all(axis=1) & np.isfinite(self.scores) & np.isfinite(self.class_ids))

    def sorted(self) -> ScoredBoxes:
        """Return them most confident first, equals in their order."""
        return self.at(np.argsort(-self.scores, kind="stable"))

    def cropped_to(self, window: BoundingBox) -> ScoredBoxes:
        """Return them as fractions of a part of what they were fractions of, clipped to it; without the empty ones."""
        corner = np.array([window.x_min, window.y_min])
        extent = np.array([window.x_max, window.y_max]) - corner
        boxes = ((self.boxes - np.tile(corner, 2)) / np.tile(extent, 2)).clip(0.0, 1.0)
        moved = ScoredBoxes(boxes, self.scores, self.class_ids)
        return moved.at((boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3]))


@dataclass(frozen=True)
class NonMaxSuppression:
    """Leaves out, of boxes with one label that overlap, all but the most confident.

    Attributes:
        iou_threshold: Boxes overlap when their intersection over their union is larger than that; 1 keeps all.
        most: How many are kept at all.
    """

    iou_threshold: float = 1.0
    most: int = 100

    def apply(self, found: ScoredBoxes) -> ScoredBoxes:
        """Return those that stay; they come most confident first, and stay so."""
        if self.iou_threshold >= 1.0:
            return found.at(np.arange(min(len(found.scores), self.most)))
        kept: list[int] = []
        rest = np.arange(min(len(found.scores), _MOST_COMPARED))
        areas = np.prod((found.boxes[:, 2:] - found.boxes[:, :2]).clip(0.0), axis=1)
        while rest.size and len(kept) < self.most:
            best, rest = int(rest[0]), rest[1:]
            kept.append(best)
            low = np.maximum(found.boxes[best, :2], found.boxes[rest, :2])
            high = np.minimum(found.boxes[best, 2:], found.boxes[rest, 2:])
            common = np.prod((high - low).clip(0.0), axis=1)
            overlaps = common > self.iou_threshold * (areas[best] + areas[rest] - common)
            rest = rest[~(overlaps & (found.class_ids[rest] == found.class_ids[best]))]
        return found.at(np.array(kept, np.int64))
