"""Boxes of a detector as arrays, before they become detections, and their non-maximum suppression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox

Floats = NDArray[np.floating[Any]]

_WHOLE = BoundingBox(0.0, 0.0, 1.0, 1.0)
_MAX_COMPARED = 2000  # most confident boxes considered; no picture shows as many objects


class ScoredBoxes(NamedTuple):
    """Boxes, each with a score and a class number, and what some heads have beside them.

    Attributes:
        boxes: (n, 4) x_min, y_min, x_max, y_max as fractions.
        scores: (n,) from 0 to 1.
        class_ids: (n,) class numbers, as whole floats.
        polygons: (n, 4, 2) x and y of the corners of turned boxes, as fractions.
        coefficients: (n, m) weights of the prototype masks.
        points: (n, k, 3) x and y of key points as fractions, and their confidence.
    """

    boxes: Floats
    scores: Floats
    class_ids: Floats
    polygons: Floats | None = None
    coefficients: Floats | None = None
    points: Floats | None = None

    def select(self, where: NDArray[Any]) -> ScoredBoxes:
        """Return the rows selected by an index array or a boolean mask."""
        return ScoredBoxes(*(None if part is None else part[where] for part in self))  # type: ignore[arg-type]

    def finite(self) -> ScoredBoxes:
        """Return the rows whose values are all finite."""
        parts = [np.isfinite(part) for part in self if part is not None]
        if all(part.all() for part in parts):
            return self
        return self.select(np.all([part.all(axis=tuple(range(1, part.ndim))) for part in parts], axis=0))

    def best(self, where: NDArray[np.bool_]) -> ScoredBoxes:
        """Return the rows selected by a mask, by descending score; equal ones keep their order."""
        numbers = np.flatnonzero(where)
        return self.select(numbers[np.argsort(-self.scores[numbers], kind="stable")])

    def cropped_to(self, window: BoundingBox) -> ScoredBoxes:
        """Return the boxes as fractions of a window of the input, clipped to it, without empty ones.

        Turned boxes and points move with them, but are not clipped.
        """
        if window == _WHOLE and self.polygons is None and self.points is None:
            boxes = self.boxes.astype(np.float64).clip(0.0, 1.0)
            return self._replace(boxes=boxes)._without_empty()
        corner = np.array([window.x_min, window.y_min])
        extent = np.array([window.x_max, window.y_max]) - corner
        boxes = ((self.boxes - np.tile(corner, 2)) / np.tile(extent, 2)).clip(0.0, 1.0)
        polygons = None if self.polygons is None else (self.polygons - corner) / extent
        points = self.points
        if points is not None:
            points = np.concatenate([(points[..., :2] - corner) / extent, points[..., 2:]], axis=-1)
        return self._replace(boxes=boxes, polygons=polygons, points=points)._without_empty()

    def _without_empty(self) -> ScoredBoxes:
        has_area = (self.boxes[:, 0] < self.boxes[:, 2]) & (self.boxes[:, 1] < self.boxes[:, 3])
        return self if has_area.all() else self.select(has_area)


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
        if found.polygons is not None:
            return found.select(self._turned(found))
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

    def _turned(self, found: ScoredBoxes) -> NDArray[np.int64]:
        """Return the turned boxes that stay, as Ultralytics' ``TorchNMS.fast_nms`` with ``batch_probiou``.

        Their overlap is that of normal distributions in their place, and a box goes even if only one that goes as well
        overlaps it.
        """
        assert found.polygons is not None
        polygons = found.polygons[:_MAX_COMPARED].astype(np.float64)
        numbers = found.class_ids[:_MAX_COMPARED]
        overlaps = np.triu(_normal_overlaps(polygons) >= self.iou_threshold, 1)
        overlaps &= numbers[:, None] == numbers[None, :]
        return np.flatnonzero(~overlaps.any(axis=0))[: self.max_detections]


def _normal_overlaps(polygons: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the overlap of each two turned boxes, (n, n), from 0 to 1: one minus the Hellinger distance.

    Source: arXiv 2106.06072. A stretched picture does not change it, so that fractions will do.
    """
    centres = polygons.mean(axis=1)
    edges = np.stack([polygons[:, 1] - polygons[:, 0], polygons[:, 2] - polygons[:, 1]], axis=1)
    covariances = np.einsum("nei,nej->nij", edges, edges) / 12.0
    sums = covariances[:, None] + covariances[None, :]
    steps = centres[:, None] - centres[None, :]
    a, b, c = sums[..., 0, 0], sums[..., 1, 1], sums[..., 0, 1]
    determinants = a * b - c**2
    own = covariances[:, 0, 0] * covariances[:, 1, 1] - covariances[:, 0, 1] ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = (a * steps[..., 1] ** 2 + b * steps[..., 0] ** 2 - 2 * c * steps[..., 0] * steps[..., 1]) / (
            4 * determinants
        ) + 0.5 * np.log(determinants / (4 * np.sqrt((own[:, None] * own[None, :]).clip(0.0))))
        overlaps: NDArray[np.float64] = 1.0 - np.sqrt((1.0 - np.exp(-distance.clip(0.0, 100.0))).clip(0.0))
    return overlaps
