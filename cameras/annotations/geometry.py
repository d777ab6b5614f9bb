"""Coordinates in fractions of a frame, and their mapping by geometric transforms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .mask import Mask

Points = NDArray[np.float64]
"""(n, 2): x and y of each point, in fractions of the frame; NaN marks a missing point."""


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A rectangle in fractions of the frame: 0.0 is the left or top edge, 1.0 the right or bottom edge.

    It may extend beyond the frame until it is clipped.
    """

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    def clipped(self) -> BoundingBox | None:
        """Return the part inside the frame, this box if it is all inside; ``None`` if it is empty or has a NaN."""
        if 0.0 <= self.x_min < self.x_max <= 1.0 and 0.0 <= self.y_min < self.y_max <= 1.0:
            return self
        x_min, y_min = max(self.x_min, 0.0), max(self.y_min, 0.0)
        x_max, y_max = min(self.x_max, 1.0), min(self.y_max, 1.0)
        return BoundingBox(x_min, y_min, x_max, y_max) if x_min < x_max and y_min < y_max else None

    def grown(self, margin: float) -> BoundingBox:
        """Return the box enlarged on every side by a share of its width and height."""
        across, down = (self.x_max - self.x_min) * margin, (self.y_max - self.y_min) * margin
        return BoundingBox(self.x_min - across, self.y_min - down, self.x_max + across, self.y_max + down)

    def overlap(self, other: BoundingBox) -> float:
        """Return intersection over union with another box: 1 for the same one, 0 for one beside it."""
        width = min(self.x_max, other.x_max) - max(self.x_min, other.x_min)
        height = min(self.y_max, other.y_max) - max(self.y_min, other.y_min)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / (self.area + other.area - width * height)

    @property
    def area(self) -> float:
        """Its share of the frame."""
        return (self.x_max - self.x_min) * (self.y_max - self.y_min)

    def to_pixels(self, width_px: int, height_px: int) -> tuple[int, int, int, int]:
        """Return ``(x_min, y_min, x_max, y_max)`` in whole pixels, maxima exclusive.

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
    """A geometric transform, as functions from coordinates in the old frame to those in the new one.

    Attributes:
        box: Maps a box to the axis-aligned box around its image; ``None`` if that is outside the frame.
        mask: Maps a mask of the old frame to one of the new frame; read-only.
        points: Maps points; they may leave the frame.
    """

    box: Callable[[BoundingBox], BoundingBox | None]
    mask: Callable[[Mask], Mask]
    points: Callable[[Points], Points]
