"""A new kind of result, the vision service that returns it, and the transform that attaches it to frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cameras import Attributes, Canvas, Frame, Item, Label, Movement, Prediction
from transforms import RecognitionAttributes, RecognitionTransform
from vision import Predictor, Session, VisionService, keep


class PeakItem(Item):
    """The JSON of a peak."""

    name: str
    brightness: float
    x_normalized: float
    y_normalized: float


@dataclass(frozen=True, slots=True)
class Peak(Prediction):
    """The brightest point in a part of the picture. Its brightness is its confidence.

    Attributes:
        at: Its x and y, in fractions of the frame.
    """

    kind: ClassVar[str] = "peak"
    plural: ClassVar[str] = "peaks"
    item: ClassVar[type[Item]] = PeakItem

    at: tuple[float, float] = field(kw_only=True)

    def moved(self, movement: Movement) -> Self | None:
        """Return the peak at its new position; None if that is outside the frame."""
        [[x, y]] = movement.points(np.array([self.at])).tolist()
        return replace(self, at=(x, y)) if 0 <= x < 1 and 0 <= y < 1 else None

    def paint(self, canvas: Canvas) -> None:
        """Mark the point."""
        canvas.points(np.array([self.at]), Label(self.label, f": {self.confidence:.2f}"))

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        """Return the JSON for clients."""
        x, y = self.at
        return {"name": self.label, "brightness": self.confidence, "x_normalized": x, "y_normalized": y}


class PeakFinderAttributes(Attributes):
    """Attributes of ``model: peak_finder`` in the YAML."""

    blur_px: int = Field(9, ge=0, le=99, description="Details smaller than this are ignored.")


class PeakFinder(VisionService[PeakFinderAttributes]):
    """Finds the brightest point in each half of a picture."""

    model_name: ClassVar[str] = "peak_finder"
    attributes_type = PeakFinderAttributes
    predictions = (Peak,)  # declares the new kind to camweave

    def _load(self) -> None:
        self.labels = ("left", "right")

    def _release(self) -> None:
        """Do nothing: no model was loaded."""

    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        return {Peak: self._peaks}

    def _peaks(self, frame: Frame, session: Session) -> tuple[Peak, ...]:
        with session.inference():
            gray = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
            if self.attributes.blur_px:
                gray = cv2.blur(gray, (self.attributes.blur_px, self.attributes.blur_px))
            middle = frame.width // 2
            found = [
                _peak("left", gray[:, :middle], 0, gray.shape),
                _peak("right", gray[:, middle:], middle, gray.shape),
            ]
        return tuple(sorted(found, key=lambda peak: -peak.confidence))


def _peak(label: str, part: NDArray[Any], left_px: int, shape: tuple[int, ...]) -> Peak:
    _, brightest, _, (x, y) = cv2.minMaxLoc(part)
    height, width = shape
    return Peak(label, brightest / 255, at=((left_px + x + 0.5) / width, (y + 0.5) / height))


class PeaksAttributes(RecognitionAttributes):
    """Attributes of ``type: peaks`` in the YAML."""

    finder_name: str = Field(min_length=1, description="Name of the vision service that finds peaks.")


class Peaks(RecognitionTransform[PeaksAttributes]):
    """Attaches the peaks that a service finds."""

    type_name: ClassVar[str] = "peaks"
    attributes_type = PeaksAttributes
    service_attribute: ClassVar[str] = "finder_name"
    kind: ClassVar[str] = Peak.plural

    def recognise(self, frame: Frame) -> Sequence[Peak]:
        """Return the peaks that pass the filters."""
        return keep(self.predict(Peak, frame), self.attributes.confidence_threshold, self.attributes.valid_labels)
