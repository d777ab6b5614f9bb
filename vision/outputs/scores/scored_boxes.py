"""Boxes of a detector as arrays, before they become detections, and their non-maximum suppression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox

Floats = NDArray[np.floating[Any]]

_MAX_COMPARED = 2000  # most confident boxes considered; no picture shows as many objects


class ScoredBoxes(NamedTuple):
    """Boxes, each with a score and a class number.

    Attributes:
        boxes: (n, 4) x_min, y_min, x_max, y_max as fractions.
        scores: (n,) from 0 to 1.
        class_ids: (n,) class numbers, as whole floats.
    """

    boxes: Floats
    scores: Floats
    class_ids: Floats

    def select(self, where: NDArray[Any]) -> ScoredBoxes:
        """Return the rows selected by an index array or a boolean mask."""
        return ScoredBoxes(self.boxes[where], self.scores[where], self.class_ids[where])

    def finite(self) -> ScoredBoxes:
        """Return the rows whose values are all finite."""
        return self.select(np.isfinite(self.boxes).all(axis=1) & np.isfinite(self.scores) & np.isfinite(self.class_ids))

    def sorted(self) -> ScoredBoxes:
        """Return the rows by descending score; equal ones keep their order."""
        return self.select(np.argsort(-self.scores, kind="stable"))

    def cropped_to(self, window: BoundingBox) -> ScoredBoxes:
        """Return the boxes as fractions of a window of the input, clipped to it, without empty ones."""
        corner = np.array([window.x_min, window.y_min])
        extent = np.array([window.x_max, window.y_max]) - corner
        boxes = ((self.boxes - np.tile(corner, 2)) / np.tile(extent, 2)).clip(0.0, 1.0)
        moved = ScoredBoxes(boxes, self.scores, self.class_ids)
        return moved.select((boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3]))


@dataclass(frozen=True)
class NonMaxSuppression:
    """Non-maximum suppression per class: of overlapping boxes, only the most confident stays.

    Attributes:
        iou_threshold: Boxes overlap if their intersection over union is larger; 1 keeps all.
        max_detections: Most boxes kept.
    """

    iou_threshold: float = 1.0
    max_detections: int = 100

    def apply(self, found: ScoredBoxes) -> ScoredBoxes:
        """Return the boxes that stay; both in and out are sorted by descending score."""
        if self.iou_threshold >= 1.0:
            return found.select(np.arange(min(len(found.scores), self.max_detections)))
        kept: list[int] = []
        rest = np.arange(min(len(found.scores), _MAX_COMPARED))
        areas = np.prod((found.boxes[:, 2:] - found.boxes[:, :2]).clip(0.0), axis=1)
        while rest.size and len(kept) < self.max_detections:
            best, rest = int(rest[0]), rest[1:]
            kept.append(best)
            low = np.maximum(found.boxes[best, :2], found.boxes[rest, :2])
            high = np.minimum(found.boxes[best, 2:], found.boxes[rest, 2:])
            common = np.prod((high - low).clip(0.0), axis=1)
            overlaps = common > self.iou_threshold * (areas[best] + areas[rest] - common)
            rest = rest[~(overlaps & (found.class_ids[rest] == found.class_ids[best]))]
        return found.select(np.array(kept, np.int64))
