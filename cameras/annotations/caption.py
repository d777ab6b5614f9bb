"""What a whole frame shows, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Item, Prediction
from .canvas import Canvas, Color, Label

BLACK: Color = (0, 0, 0)


class CaptionItem(Item):
    """The picture in a sentence."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Caption(Prediction):
    """What the whole frame shows, as a sentence: its ``label``."""

    kind: ClassVar[str] = "caption"
    plural: ClassVar[str] = "captions"
    item: ClassVar[type[Item]] = CaptionItem

    def paint(self, canvas: Canvas) -> None:
        """Paint the sentence below the picture's middle, on black, as subtitles are."""
        canvas.subtitle(Label(self.label, color=BLACK))

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        """Return it as clients get it."""
        return {"text": self.label, "confidence": self.confidence}
