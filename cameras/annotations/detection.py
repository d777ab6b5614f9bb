"""Detections: objects in a frame, with bounding boxes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import cv2
import numpy as np

from .base import Item, Prediction
from .canvas import Canvas, Label
from .geometry import BoundingBox, Movement
from .mask import Mask, mask_png

_NOWHERE = BoundingBox(0.0, 0.0, 0.0, 0.0)


class DetectionItem(Item):
    """An object with its box, in whole pixels (maxima exclusive) and in fractions of the picture.

    If the model gives them: the corners of a turned box, which may lie outside the picture, in pixels and in fractions;
    the pixels of the object as a base64 PNG of the picture's size, non-zero inside; the id of a tracked object.
    """

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
    polygon: list[list[float]] | None = None
    polygon_normalized: list[list[float]] | None = None
    mask_png: str | None = None
    track_id: int | None = None


@dataclass(frozen=True, slots=True)
class Detection(Prediction):
    """An object in the frame with its bounding box.

    Attributes:
        box: The box, in fractions of the frame.
        polygon: The corners of a turned box, in fractions of the frame; ``box`` is the upright one around it.
        mask: The pixels of the object in the whole frame, as of a segmentation; not compared.
        track_id: Id that stays the same over frames, if the object is tracked.
        first_label: The label before a second one was appended to it; it determines the colour.
    """

    kind: ClassVar[str] = "detection"
    plural: ClassVar[str] = "detections"
    item: ClassVar[type[Item]] = DetectionItem
    masks: ClassVar[frozenset[str]] = frozenset({"mask_png"})

    box: BoundingBox = dataclasses.field(kw_only=True)
    polygon: tuple[tuple[float, float], ...] | None = dataclasses.field(default=None, kw_only=True)
    mask: Mask | None = dataclasses.field(default=None, kw_only=True, compare=False, repr=False)
    track_id: int | None = dataclasses.field(default=None, kw_only=True)
    first_label: str | None = dataclasses.field(default=None, kw_only=True)

    @property
    def region(self) -> BoundingBox | Mask:
        """Its pixels if they are known, else its box."""
        return self.box if self.mask is None else self.mask

    def moved(self, movement: Movement) -> Self | None:
        """Return it after a geometric transform; ``None`` when its box has left the frame."""
        box, polygon = movement.box(self.box), None
        if box is not None and self.polygon is not None:
            corners = movement.points(np.array(self.polygon, np.float64))
            if np.isfinite(corners).all():
                polygon = tuple((x, y) for x, y in corners.tolist())
                box = BoundingBox(*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist()).clipped()
        if box is None:
            return None
        mask = None if self.mask is None else movement.mask(self.mask)
        if mask is not None and not cv2.countNonZero(mask):
            mask = None
        return dataclasses.replace(self, box=box, polygon=polygon, mask=mask)

    def paint(self, canvas: Canvas) -> None:
        """Paint the mask, if there is one, and the turned box or the box, with its track id if it is tracked."""
        track = "" if self.track_id is None else f" #{self.track_id}"
        names = (self.label, self.first_label or self.label)
        label = Label(self.label, f"{track}: {self.confidence:.2f}", names)
        if self.mask is not None:
            canvas.mask(self.mask, Label("", names=names))
        if self.polygon is not None:
            canvas.polygon(np.array(self.polygon, np.float64), label)
        else:
            canvas.box(self.box, label)

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        """Return the JSON object for clients."""
        x_min, y_min, x_max, y_max = self.box.to_pixels(width_px, height_px)
        inside = self.box.clipped() or _NOWHERE
        item: dict[str, Any] = {
            "class_name": self.label,
            "confidence": self.confidence,
            "x_min": x_min,
            "y_min": y_min,
            "x_max": x_max,
            "y_max": y_max,
            "x_min_normalized": inside.x_min,
            "y_min_normalized": inside.y_min,
            "x_max_normalized": inside.x_max,
            "y_max_normalized": inside.y_max,
        }
        if self.polygon is not None:
            item["polygon"] = [[x * width_px, y * height_px] for x, y in self.polygon]
            item["polygon_normalized"] = [[x, y] for x, y in self.polygon]
        if self.mask is not None and masks:
            item["mask_png"] = mask_png(self.mask, width_px, height_px)
        if self.track_id is not None:
            item["track_id"] = self.track_id
        return item

    def rank(self, width_px: int, height_px: int) -> float | None:
        """Return its confidence; ``None`` when its box is outside the picture or NaN."""
        return None if self.box.clipped() is None else self.confidence
