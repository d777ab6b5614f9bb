"""Detect objects in the frame and attach a box for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from cameras import Detection, Frame
from vision import keep

from .recognition import RecognitionAttributes, RecognitionTransform


class DetectionsAttributes(RecognitionAttributes):
    """Attributes of ``type: detections`` in the YAML."""

    detector_name: str = Field(min_length=1, description="Name of the vision service that detects.")


class Detections(RecognitionTransform[DetectionsAttributes]):
    """Attach one detection per object, without a limit on their number.

    Boxes are in fractions of the input frame. A box partly outside is clipped, a box fully outside is dropped.
    """

    type_name: ClassVar[str] = "detections"
    attributes_type = DetectionsAttributes
    exchangeable = ("confidence_threshold", "valid_labels", "max_age_s")
    service_attribute: ClassVar[str] = "detector_name"
    kind: ClassVar[str] = Detection.plural

    def recognise(self, frame: Frame) -> Sequence[Detection]:
        """Return the detections that pass the filters, by descending confidence."""
        found = keep(self.predict(Detection, frame), self.attributes.confidence_threshold, self.attributes.valid_labels)
        clipped = ((item, item.box.clipped()) for item in found)
        return [item if box is item.box else replace(item, box=box) for item, box in clipped if box is not None]
