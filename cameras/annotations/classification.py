"""Classifications: labels for a whole frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Item, Prediction


class ClassificationItem(Item):
    """A label for the whole picture."""

    class_name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Classification(Prediction):
    """A label for the whole frame. A classifier scores every label, so clients get only the best by default."""

    kind: ClassVar[str] = "classification"
    plural: ClassVar[str] = "classifications"
    item: ClassVar[type[Item]] = ClassificationItem
    default_count: ClassVar[int] = 5

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        """Return the JSON object for clients."""
        return {"class_name": self.label, "confidence": self.confidence}
