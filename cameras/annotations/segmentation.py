"""Segmentations: the pixels of a frame with one label, as a mask."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import cv2

from .base import Item, Prediction
from .canvas import Canvas, Label
from .geometry import Movement
from .mask import Mask, mask_png, share_inside


class SegmentationItem(Item):
    """The pixels with one label: their share of the picture, and a base64 PNG of its size, non-zero inside."""

    class_name: str
    coverage: float
    mask_png: str


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation(Prediction):
    """The pixels of a frame with one label, as a mask. Equality is identity.

    Attributes:
        mask: (height, width) uint8, 0 outside and 255 inside, read-only; its size need not be the frame's.
    """

    kind: ClassVar[str] = "segmentation"
    plural: ClassVar[str] = "segmentations"
    item: ClassVar[type[Item]] = SegmentationItem
    masks: ClassVar[frozenset[str]] = frozenset({"mask_png"})

    mask: Mask = dataclasses.field(kw_only=True)

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @property
    def coverage(self) -> float:
        """The share of set pixels in the mask, from 0.0 to 1.0."""
        return cv2.countNonZero(self.mask) / self.mask.size

    def coverage_in(self, width_px: int, height_px: int) -> float:
        """Return the share of set pixels in a picture of this size."""
        return share_inside(self.mask, width_px, height_px)

    @property
    def region(self) -> Mask:
        """Its mask."""
        return self.mask

    def moved(self, movement: Movement) -> Self | None:
        """Return it after a geometric transform; ``None`` when no pixel is left."""
        mask = movement.mask(self.mask)
        return dataclasses.replace(self, mask=mask) if cv2.countNonZero(mask) else None

    def paint(self, canvas: Canvas) -> None:
        """Paint the mask."""
        canvas.mask(self.mask, Label(self.label, f": {self.confidence:.2f}"))

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        """Return the JSON object for clients, the mask as a gray PNG (0 outside, 255 inside) of the picture's size."""
        item = {"class_name": self.label, "coverage": self.coverage_in(width_px, height_px)}
        return item | {"mask_png": mask_png(self.mask, width_px, height_px)} if masks else item

    def rank(self, width_px: int, height_px: int) -> float | None:
        """Return the share of the picture that it covers; ``None`` if no pixel of a small picture shows it."""
        return self.coverage_in(width_px, height_px) or None
