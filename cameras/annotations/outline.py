"""Outlines: rectangles that are only painted."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Self

from .base import Annotation
from .canvas import Canvas, Color, Label
from .geometry import BoundingBox, Movement

RED: Color = (230, 30, 30)


@dataclass(frozen=True, slots=True)
class Outline(Annotation):
    """The area that a crop would keep, in ``box``. Not a prediction: it is not returned to clients."""

    kind: ClassVar[str] = "outline"

    box: BoundingBox = dataclasses.field(kw_only=True)

    def moved(self, movement: Movement) -> Self | None:
        """Return it after a geometric transform; ``None`` when it has left the frame."""
        box = movement.box(self.box)
        return None if box is None else dataclasses.replace(self, box=box)

    def paint(self, canvas: Canvas) -> None:
        """Paint the rectangle in red, regardless of the style."""
        canvas.box(self.box, Label(self.label, color=RED))
