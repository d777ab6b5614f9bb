"""Captions: a sentence that describes a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Item, Prediction
from .canvas import Canvas, Color, Label

BLACK: Color = (0, 0, 0)


class CaptionItem(Item):
    """The caption of a picture."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Caption(Prediction):
    """A sentence that describes the whole frame, in ``label``."""

    kind: ClassVar[str] = "caption"
    plural: ClassVar[str] = "captions"
    item: ClassVar[type[Item]] = CaptionItem

    def paint(self, canvas: Canvas) -> None:
        """Paint the sentence as a subtitle on black."""
        canvas.subtitle(Label(self.label, color=BLACK))

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        """Return the JSON object for clients."""
        return {"text": self.label, "confidence": self.confidence}
