"""Detections: objects in a frame, with bounding boxes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from .base import Item, Prediction
from .canvas import Canvas, Label
from .geometry import BoundingBox, Movement


class DetectionItem(Item):
    """An object with its box, in whole pixels (maxima exclusive) and in fractions of the picture."""

    class_name: str
    confidence: float
    x_min: int
    y_min: int
    x_max: int
    y_max: int
    x_min_normalized: float
    y_min_normalized: float
    x_max_normalized: float
    y_max_normalized: float
    track_id: int | None = None


@dataclass(frozen=True, slots=True)
class Detection(Prediction):
    """An object in the frame with its bounding box.

    Attributes:
        box: The box, in fractions of the frame.
        track_id: Id that stays the same over frames, if the object is tracked.
        first_label: The label before a second one was appended to it; it determines the colour.
    """

    kind: ClassVar[str] = "detection"
    plural: ClassVar[str] = "detections"
    item: ClassVar[type[Item]] = DetectionItem

    box: BoundingBox = dataclasses.field(kw_only=True)
    track_id: int | None = dataclasses.field(default=None, kw_only=True)
    first_label: str | None = dataclasses.field(default=None, kw_only=True)

    def moved(self, movement: Movement) -> Self | None:
        """Return it after a geometric transform; ``None`` when its box has left the frame."""
        box = movement.box(self.box)
        return None if box is None else dataclasses.replace(self, box=box)

    def paint(self, canvas: Canvas) -> None:
        """Paint the box, with its track id if it is tracked."""
        track = "" if self.track_id is None else f" #{self.track_id}"
        names = (self.label, self.first_label or self.label)
        canvas.box(self.box, Label(self.label, f"{track}: {self.confidence:.2f}", names))

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        """Return the JSON object for clients."""
        names = ("x_min", "y_min", "x_max", "y_max")
        inside = self.box.clipped() or BoundingBox(0.0, 0.0, 0.0, 0.0)
        item: dict[str, Any] = {"class_name": self.label, "confidence": self.confidence}
        item |= zip(names, self.box.to_pixels(width_px, height_px), strict=True)
        item |= {f"{name}_normalized": getattr(inside, name) for name in names}
        return item if self.track_id is None else item | {"track_id": self.track_id}

    def rank(self, width_px: int, height_px: int) -> float | None:
        """Return its confidence; ``None`` when its box is outside the picture or NaN."""
        return None if self.box.clipped() is None else self.confidence
