"""The base classes of annotations, which travel with the pixels as data until an output paints them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from .canvas import Canvas, Label
from .geometry import BoundingBox, Movement
from .mask import Mask


@dataclass(frozen=True, slots=True)
class Annotation:
    """Data attached to a frame: a label with a confidence.

    Attributes:
        kind: Name of the kind, in the singular.
        label: Name of what was recognised.
        confidence: From 0.0 to 1.0.
        transform: Type of the transform that attached it, e.g. ``detections``.
        service: Name of the vision service that predicted it.
    """

    kind: ClassVar[str] = ""

    label: str
    confidence: float
    transform: str = dataclasses.field(default="", kw_only=True)
    service: str = dataclasses.field(default="", kw_only=True)

    @property
    def region(self) -> BoundingBox | Mask | None:
        """The part of the frame that it is about; ``None`` for the whole frame, and if it is not known."""
        return None

    def moved(self, movement: Movement) -> Self | None:
        """Return this annotation after a geometric transform; ``None`` when it has left the frame."""
        return self

    def paint(self, canvas: Canvas) -> None:
        """Paint the annotation; by default as a line in the top left corner."""
        canvas.title(Label(self.label, f": {self.confidence:.2f}"))

    def attached_by(self, transform: str, service: str) -> Self:
        """Return this annotation with ``transform`` and ``service`` set."""
        return dataclasses.replace(self, transform=transform, service=service)


class Item(BaseModel):
    """The JSON schema of a prediction in the API document; later versions may add members."""

    model_config = ConfigDict(extra="allow", defer_build=True)


@dataclass(frozen=True, slots=True)
class Prediction(Annotation):
    """A result of a vision service, returned to clients.

    A kind is a subclass with an entry in ``PREDICTIONS``. HTTP paths, replies, the API document and the lines of
    ``annotate --json`` derive from both; its methods paint and transform it::

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
        plural: The key in JSON and the last part of the HTTP path.
        item: Schema of what :meth:`to_wire` returns.
        masks: Members of the item that are as large as a picture.
        default_count: Default limit of results for a client, best first; 0 for all.
    """

    plural: ClassVar[str]
    item: ClassVar[type[Item]]
    masks: ClassVar[frozenset[str]] = frozenset()
    default_count: ClassVar[int] = 0

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        """Return the JSON object for clients, in the schema of ``item``.

        Args:
            width_px: Width of the picture in pixels, for coordinates and masks.
            height_px: Height of the picture in pixels.
            masks: Whether to include the members named in ``masks``; without them the object is small and fast.
        """
        raise NotImplementedError

    def rank(self, width_px: int, height_px: int) -> float | None:
        """Return the sort key among predictions of its kind in a picture of this size, highest first.

        ``None`` means that no pixel of the picture shows it.
        """
        return self.confidence
