"""What was recognised in a frame, as data: it travels with the pixels and is painted only where they leave."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import cv2

from .mask import Mask, share_inside


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A rectangle in fractions of the frame: 0.0 is its left or upper edge, 1.0 its right or lower one.

    It may reach outside the frame until it is clipped.
    """

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    def clipped(self) -> BoundingBox | None:
        """Return the part inside the frame, or ``None`` when nothing is (a NaN is nowhere)."""
        x_min, y_min = max(self.x_min, 0.0), max(self.y_min, 0.0)
        x_max, y_max = min(self.x_max, 1.0), min(self.y_max, 1.0)
        return BoundingBox(x_min, y_min, x_max, y_max) if x_min < x_max and y_min < y_max else None

    def grown(self, margin: float) -> BoundingBox:
        """Return the box larger on every side, by a share of its own width and height."""
        across, down = (self.x_max - self.x_min) * margin, (self.y_max - self.y_min) * margin
        return BoundingBox(self.x_min - across, self.y_min - down, self.x_max + across, self.y_max + down)

    def to_pixels(self, width_px: int, height_px: int) -> tuple[int, int, int, int]:
        """Return ``(x_min, y_min, x_max, y_max)`` in whole pixels, the maxima excluded.

        Edges are rounded to the nearest pixel edge; a box thinner than a pixel still covers one, so that
        ``0 <= min < max <= size`` always holds.
        """
        x_min, x_max = _pixels(self.x_min, self.x_max, width_px)
        y_min, y_max = _pixels(self.y_min, self.y_max, height_px)
        return x_min, y_min, x_max, y_max


def _pixels(low: float, high: float, size_px: int) -> tuple[int, int]:
    first = min(max(math.floor(low * size_px + 0.5), 0), size_px - 1)
    last = min(max(math.floor(high * size_px + 0.5), first + 1), size_px)
    return first, last


@dataclass(frozen=True, slots=True)
class Movement:
    """Where a geometric transform moves what is in a frame.

    Attributes:
        box: From the old frame to the new one; ``None`` when it leaves the frame.
        mask: The same for a mask over the whole of the old frame.
    """

    box: Callable[[BoundingBox], BoundingBox | None]
    mask: Callable[[Mask], Mask]


@dataclass(frozen=True, slots=True)
class Annotation:
    """A name and how sure the model is of it.

    Attributes:
        label: The name of what was seen.
        confidence: From 0.0 to 1.0.
        transform: Type of the transform that attached it, e.g. ``detections``.
        service: Name of the vision service that recognised it.
    """

    kind: ClassVar[str] = ""

    label: str
    confidence: float
    transform: str = dataclasses.field(default="", kw_only=True)
    service: str = dataclasses.field(default="", kw_only=True)

    def moved(self, movement: Movement) -> Self | None:
        """Return this annotation after the frame's pixels moved; ``None`` when what it points at left the frame."""
        return self

    def attached_by(self, transform: str, service: str) -> Self:
        """Return this annotation with the transform and the service that it comes from."""
        return dataclasses.replace(self, transform=transform, service=service)


@dataclass(frozen=True, slots=True)
class Classification(Annotation):
    """What the whole frame shows."""

    kind: ClassVar[str] = "classification"


@dataclass(frozen=True, slots=True)
class _Placed(Annotation):
    box: BoundingBox = dataclasses.field(kw_only=True)

    def moved(self, movement: Movement) -> Self | None:
        box = movement.box(self.box)
        return None if box is None else dataclasses.replace(self, box=box)


@dataclass(frozen=True, slots=True)
class Detection(_Placed):
    """A thing in the frame, and where it is (``box``).

    Attributes:
        track_id: The same over frames, where it is tracked.
        first_label: What it was called before a second name was appended to its label; it keeps that one's colour.
    """

    kind: ClassVar[str] = "detection"

    track_id: int | None = dataclasses.field(default=None, kw_only=True)
    first_label: str | None = dataclasses.field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation(Annotation):
    """All pixels of one kind, as a mask over the whole frame. Each is equal to itself only.

    Attributes:
        mask: (height, width) uint8, 0 outside and 255 inside, read-only; its size need not be the frame's.
    """

    kind: ClassVar[str] = "segmentation"

    mask: Mask = dataclasses.field(kw_only=True)

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @property
    def coverage(self) -> float:
        """The share of the mask that is inside, from 0.0 to 1.0."""
        return cv2.countNonZero(self.mask) / self.mask.size

    def coverage_in(self, width_px: int, height_px: int) -> float:
        """Return the share of the pixels of a picture of this size that are inside."""
        return share_inside(self.mask, width_px, height_px)

    def moved(self, movement: Movement) -> Self | None:
        """Return it after the frame's pixels moved; ``None`` when nothing of it is left."""
        mask = movement.mask(self.mask)
        return dataclasses.replace(self, mask=mask) if cv2.countNonZero(mask) else None


@dataclass(frozen=True, slots=True)
class Caption(Annotation):
    """What the whole frame shows, as a sentence: its ``label``."""

    kind: ClassVar[str] = "caption"


@dataclass(frozen=True, slots=True)
class Outline(_Placed):
    """A rectangle that is painted and nothing more: the window a crop would take. Not a prediction."""

    kind: ClassVar[str] = "outline"
