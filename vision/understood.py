"""What was understood of a model, and why: for ``check --verbose`` and ``GET /api/vision``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cameras import safe_text


@dataclass(frozen=True)
class UnderstoodInput:
    """The picture that goes into a model.

    Attributes:
        width_px: Its width; ``None`` if the model takes pictures of any size as they are.
        height_px: Its height, likewise.
        range: Lowest and highest value of a channel.
        color_order: ``rgb``, ``bgr`` or ``gray``.
    """

    width_px: int | None
    height_px: int | None
    range: tuple[float, float]
    color_order: str


@dataclass(frozen=True)
class Understood:
    """What was understood of a model, each part with the evidence for it.

    Attributes:
        input: The picture that goes in.
        head: The head that decodes boxes, as in the YAML; ``None`` for a model without boxes.
        boxes: What the numbers of a box are, in words; ``None`` for a model without boxes.
        activation: What is applied to the scores: ``sigmoid``, ``softmax`` or ``none``.
        labels_from: Where the labels are from, in words.
        because: The reason for each part, by its name; ``kind`` is the kind of model.
    """

    input: UnderstoodInput
    head: str | None
    boxes: str | None
    activation: str
    labels_from: str
    because: dict[str, str] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object for clients."""
        return {
            "input": {
                "width_px": self.input.width_px,
                "height_px": self.input.height_px,
                "range": list(self.input.range),
                "color_order": self.input.color_order,
            },
            "head": self.head,
            "boxes": self.boxes,
            "activation": self.activation,
            "labels_from": safe_text(self.labels_from),
            "because": {key: safe_text(text) for key, text in self.because.items()},
        }

    def lines(self) -> list[str]:
        """Return it as lines of text, each with the reason."""
        taken = self.input
        size = "any size" if taken.width_px is None else f"{taken.width_px}x{taken.height_px}"
        parts = {
            "kind": "",
            "input": size,
            "range": f"{taken.range[0]:g} to {taken.range[1]:g}",
            "color_order": taken.color_order,
            "head": self.head,
            "boxes": self.boxes,
            "activation": self.activation,
            "labels_from": self.labels_from,
        }
        shown = ((key, value, self.because.get(key)) for key, value in parts.items() if value is not None)
        return [
            safe_text(f"{key}: {value or reason}" + (f" ({reason})" if value and reason else ""))
            for key, value, reason in shown
            if value or reason
        ]
