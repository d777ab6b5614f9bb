"""Say what the whole frame shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from cameras import Classification, Frame
from vision import keep, top

from .recognise import Recognise, RecogniseAttributes

UNKNOWN = "VIAM_UNKNOWN"  # what Viam's classifiers answer when they have no answer


class ClassificationsAttributes(RecogniseAttributes):
    """What the YAML may say under ``type: classifications``."""

    classifier_name: str = Field(min_length=1, description="Name of the vision service that classifies.")
    max_classifications: int = Field(default=1, ge=0, description="How many are kept, the surest first; 0 means 1.")


class Classifications(Recognise[ClassificationsAttributes]):
    """Attach the surest classifications of each frame.

    Labels and threshold filter first, the cut to ``max_classifications`` comes after: a label that is wanted is shown
    even where one that is not wanted is surer.
    """

    type_name: ClassVar[str] = "classifications"
    attributes_type = ClassificationsAttributes
    service_attribute: ClassVar[str] = "classifier_name"
    kind: ClassVar[str] = "classifications"

    def look(self, frame: Frame) -> Sequence[Classification]:
        """Return the classifications kept, the surest first."""
        known = [found for found in self.service.classifications(frame) if found.label != UNKNOWN]
        kept = keep(known, self.attributes.confidence_threshold, self.attributes.valid_labels)
        return top(kept, self.attributes.max_classifications or 1)
