"""What every annotation is: it travels with the pixels as data, and is painted only where they leave."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from .canvas import Canvas, Label
from .geometry import Movement


@dataclass(frozen=True, slots=True)
class Annotation:
    """Something attached to a frame: a name, and how sure a model is of it.

    Attributes:
        kind: What it is, in the singular.
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

    def paint(self, canvas: Canvas) -> None:
        """Paint it: a line in the upper left corner, unless the kind has a place of its own."""
        canvas.title(Label(self.label, f": {self.confidence:.2f}"))

    def attached_by(self, transform: str, service: str) -> Self:
        """Return this annotation with the transform and the service that it comes from."""
        return dataclasses.replace(self, transform=transform, service=service)


class Item(BaseModel):
    """The JSON object of a prediction, for the API's document; later versions may add members."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True, slots=True)
class Prediction(Annotation):
    """Something that a vision service recognises and clients get.

    A kind is one subclass with a row in ``PREDICTIONS``; HTTP paths, replies, the API's document and the lines of
    ``annotate --json`` follow from the two, and painting and moving from its methods::

        class BarcodeItem(Item):
            code: str
            x_normalized: float
            y_normalized: float

        @dataclass(frozen=True, slots=True)
        class Barcode(Prediction):
            kind: ClassVar[str] = "barcode"
            plural: ClassVar[str] = "barcodes"
            item: ClassVar[type[Item]] = BarcodeItem

            at: tuple[float, float] = field(kw_only=True)

            def moved(self, movement: Movement) -> Self | None:
                [[x, y]] = movement.points(np.array([self.at]))
                return replace(self, at=(x, y)) if 0 <= x < 1 and 0 <= y < 1 else None

            def paint(self, canvas: Canvas) -> None:
                canvas.points(np.array([self.at]), Label(self.label))

            def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
                return {"code": self.label, "x_normalized": self.at[0], "y_normalized": self.at[1]}

    Attributes:
        plural: What clients call several of them: the key in JSON and the end of the HTTP path.
        item: What :meth:`to_wire` returns.
        masks: The members of the item that are as large as a picture.
        default_count: How many clients get that do not say how many they want, the best first; 0 is all.
    """

    plural: ClassVar[str]
    item: ClassVar[type[Item]]
    masks: ClassVar[frozenset[str]] = frozenset()
    default_count: ClassVar[int] = 0

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        """Return it as clients get it: JSON, of the shape of ``item``.

        Args:
            width_px: Width of the picture that places and masks are for.
            height_px: Its height.
            masks: Whether the members named in ``masks`` are in it; without them it is small and quickly made.
        """
        raise NotImplementedError

    def rank(self, width_px: int, height_px: int) -> float | None:
        """Return what it is ordered by among those of its kind in a picture of this size, highest first.

        ``None`` says that no pixel of such a picture shows it.
        """
        return self.confidence
