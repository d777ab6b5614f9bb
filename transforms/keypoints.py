"""Find the keypoints of objects in the frame, such as the joints of people, and attach them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from cameras import Frame
from cameras import Keypoints as KeypointsPrediction
from vision import keep

from .recognition import RecognitionAttributes, RecognitionTransform


class KeypointsAttributes(RecognitionAttributes):
    """Attributes of ``type: keypoints`` in the YAML."""

    keypoints_name: str = Field(min_length=1, description="Name of the vision service that finds keypoints.")


class Keypoints(RecognitionTransform[KeypointsAttributes]):
    """Attach the keypoints of each object, which are painted as points and the lines between them.

    Points have a confidence each; the threshold applies to that of the whole object.
    """

    type_name: ClassVar[str] = "keypoints"
    attributes_type = KeypointsAttributes
    exchangeable = ("confidence_threshold", "valid_labels", "max_age_s")
    service_attribute: ClassVar[str] = "keypoints_name"
    kind: ClassVar[str] = KeypointsPrediction.plural

    def recognise(self, frame: Frame) -> Sequence[KeypointsPrediction]:
        """Return the objects that pass the filters and have a point in the frame, by descending confidence."""
        found = self.predict(KeypointsPrediction, frame)
        kept = keep(found, self.attributes.confidence_threshold, self.attributes.valid_labels)
        return [item for item in kept if item.rank(frame.width, frame.height) is not None]
