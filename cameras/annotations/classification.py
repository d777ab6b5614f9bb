"""What a whole frame shows, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Item, Prediction


class ClassificationItem(Item):
    """A name for the whole picture."""

    class_name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Classification(Prediction):
    """What the whole frame shows. Classifiers name everything they know, so clients get the surest few."""

    kind: ClassVar[str] = "classification"
    plural: ClassVar[str] = "classifications"
    item: ClassVar[type[Item]] = ClassificationItem
    default_count: ClassVar[int] = 5

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        """Return it as clients get it."""
        return {"class_name": self.label, "confidence": self.confidence}
