"""The canvas that annotations are painted on. Annotations say what to show; the canvas decides sizes and places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .geometry import BoundingBox, Points
from .mask import Mask

Color = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text to paint, with the source of the color of the text and its shape.

    Attributes:
        text: Text from the model; shortened with an ellipsis if it does not fit. Without text and figures, only the
            shape is painted.
        figures: Suffix that is never shortened, such as ``: 0.93``.
        names: Names to look up in the style's colors; the first with a color wins, else the last gets the palette's.
            Empty stands for ``text``.
        color: A fixed color, which overrides the style.
    """

    text: str
    figures: str = ""
    names: tuple[str, ...] = ()
    color: Color | None = None


class Canvas(Protocol):
    """A picture to paint annotations on. Calls of one method are painted in their order."""

    def mask(self, mask: Mask, label: Label) -> None:
        """Tint the inside of a mask, with the label in its middle."""

    def box(self, box: BoundingBox, label: Label) -> None:
        """Draw the edges of a box, with the label above it or where there is room."""

    def points(self, points: Points, label: Label) -> None:
        """Mark the points inside the frame, with the label above them or where there is room."""

    def polygon(self, points: Points, label: Label) -> None:
        """Draw the edges of a polygon, which may leave the frame, with the label above or where there is room."""

    def skeleton(
        self, points: Points, confidences: Sequence[float], lines: Sequence[tuple[int, int]], label: Label
    ) -> None:
        """Draw lines between pairs of points and mark the points, with the label above them or where there is room.

        Less confident points are drawn hollow and their lines thinner; points with a confidence of 0 are left out.
        """

    def title(self, label: Label) -> None:
        """Write a line in the top left corner, below earlier lines."""

    def subtitle(self, label: Label) -> None:
        """Write a text centred at the bottom edge, wrapped to lines."""
