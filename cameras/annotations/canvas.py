"""What annotations paint themselves on. They say what is to be seen; the canvas decides on sizes and on places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .geometry import BoundingBox, Points
from .mask import Mask

Color = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text to paint, and where the color of it and of what it belongs to comes from.

    Attributes:
        text: As the model gives it; cut with an ellipsis where there is no room.
        figures: What follows the text and is never cut, such as ``: 0.93``.
        names: The style's color is looked up by these, the first that has one wins; without one the color is the
            palette's for the last. Empty stands for ``text``.
        color: The color, whatever the style says.
    """

    text: str
    figures: str = ""
    names: tuple[str, ...] = ()
    color: Color | None = None


class Canvas(Protocol):
    """A picture that an annotation can be painted on. The order of calls is the order of painting within a method."""

    def mask(self, mask: Mask, label: Label) -> None:
        """Tint what is inside of a mask, and put the label in the midst of it."""

    def box(self, box: BoundingBox, label: Label) -> None:
        """Draw the edges of a box, and put the label above it, or where else there is room."""

    def points(self, points: Points, label: Label) -> None:
        """Mark the points that are inside the frame, and put the label above them, or where else there is room."""

    def title(self, label: Label) -> None:
        """Write a line in the upper left corner, below those before it."""

    def subtitle(self, label: Label) -> None:
        """Write a text in the middle of the lower edge, on as many lines as it takes."""
