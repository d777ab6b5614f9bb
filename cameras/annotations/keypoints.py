"""Keypoints: the named points of an object, such as the joints of a person, and the lines that join them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from .base import Item, Prediction
from .canvas import Canvas, Label
from .geometry import BoundingBox, Movement, Points

VISIBLE = 0.25
"""Points with a lower confidence are guesses: they are in the data but neither painted nor inside ``bounds``."""


ROUNDING = 1e-9


class PointItem(Item):
    """A point, in the whole pixel that it lies in and in fractions of the picture."""

    name: str
    x: int
    y: int
    x_normalized: float
    y_normalized: float
    confidence: float


class KeypointsItem(Item):
    """An object with its points; ``skeleton`` has the places in ``points`` of the two ends of each line."""

    class_name: str
    confidence: float
    points: list[PointItem]
    skeleton: list[list[int]]


class Keypoint(NamedTuple):
    """A point of an object.

    Attributes:
        name: Its name, such as ``left_wrist``.
        x: Its place, in fractions of the frame.
        y: The same.
        confidence: From 0.0 to 1.0; 0.0 if it is not in the frame.
    """

    name: str
    x: float
    y: float
    confidence: float

    @property
    def is_inside(self) -> bool:
        """Whether it lies in the frame or on its edge."""
        return 0.0 <= self.x <= 1.0 and 0.0 <= self.y <= 1.0

    @property
    def is_visible(self) -> bool:
        """Whether it is in the frame and more than a guess: ``VISIBLE`` or more confident."""
        return self.is_inside and self.confidence >= VISIBLE


@dataclass(frozen=True, slots=True)
class Keypoints(Prediction):
    """The named points of an object in the frame.

    Attributes:
        points: Its points. All objects of a model have the same ones, so an absent point has the confidence 0.
        skeleton: Pairs of places in ``points`` that a line joins.
        box: The box of the object, if the model gives one.

    Raises:
        ValueError: when a pair names a place that ``points`` does not have.
    """

    kind: ClassVar[str] = "keypoint"
    plural: ClassVar[str] = "keypoints"
    item: ClassVar[type[Item]] = KeypointsItem

    points: tuple[Keypoint, ...] = dataclasses.field(kw_only=True)
    skeleton: tuple[tuple[int, int], ...] = dataclasses.field(default=(), kw_only=True)
    box: BoundingBox | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Check the skeleton."""
        for pair in self.skeleton:
            if not all(0 <= place < len(self.points) for place in pair):
                raise ValueError(f"skeleton joins {list(pair)}, but there are {len(self.points)} points")

    @property
    def places(self) -> Points:
        """The coordinates of its points, (n, 2)."""
        return np.array([(point.x, point.y) for point in self.points], np.float64).reshape(-1, 2)

    @property
    def bounds(self) -> BoundingBox | None:
        """The box of the object, else that around its visible points; ``None`` if there are none."""
        if self.box is not None:
            return self.box
        visible = [point for point in self.points if point.is_visible]
        if not visible:
            return None
        across, down = [point.x for point in visible], [point.y for point in visible]
        return BoundingBox(min(across), min(down), max(across), max(down))

    @property
    def region(self) -> BoundingBox | None:
        """The same as ``bounds``."""
        return self.bounds

    def moved(self, movement: Movement) -> Self | None:
        """Return it after a geometric transform; ``None`` when no point is left.

        Points that have left the frame stay in the list with the confidence 0, so that every place in it keeps its
        meaning.
        """
        if not self.points:
            return None
        places = movement.points(self.places)
        edges = places.clip(0.0, 1.0)
        places = np.where(np.abs(places - edges) < ROUNDING, edges, places)
        moved = [
            Keypoint(point.name, x, y, point.confidence)
            for point, (x, y) in zip(self.points, places.tolist(), strict=True)
        ]
        points = tuple(point if point.is_inside else _absent(point) for point in moved)
        if not any(point.confidence > 0 for point in points):
            return None
        return dataclasses.replace(self, points=points, box=None if self.box is None else movement.box(self.box))

    def paint(self, canvas: Canvas) -> None:
        """Paint the points and the lines between them."""
        confidences = [point.confidence if point.is_visible else 0.0 for point in self.points]
        canvas.skeleton(self.places, confidences, self.skeleton, Label(self.label, f": {self.confidence:.2f}"))

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        """Return the JSON object for clients."""
        return {
            "class_name": self.label,
            "confidence": self.confidence,
            "points": [_wire_point(point, width_px, height_px) for point in self.points],
            "skeleton": [list(pair) for pair in self.skeleton],
        }

    def rank(self, width_px: int, height_px: int) -> float | None:
        """Return its confidence; ``None`` when none of its points is in the picture."""
        return self.confidence if any(point.is_inside and point.confidence > 0 for point in self.points) else None


def _absent(point: Keypoint) -> Keypoint:
    if math.isfinite(point.x) and math.isfinite(point.y):
        return point._replace(confidence=0.0)
    return Keypoint(point.name, 0.0, 0.0, 0.0)


def _wire_point(point: Keypoint, width_px: int, height_px: int) -> dict[str, Any]:
    """Return a point for clients; the place of one outside the picture is the nearest on its edge."""
    if not point.is_inside:
        point = _absent(point)
    x, y = min(max(point.x, 0.0), 1.0), min(max(point.y, 0.0), 1.0)
    return {
        "name": point.name,
        "x": min(int(x * width_px), width_px - 1),
        "y": min(int(y * height_px), height_px - 1),
        "x_normalized": x,
        "y_normalized": y,
        "confidence": point.confidence,
    }
