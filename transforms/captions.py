"""Describe each frame in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from cameras import Caption, Frame
from vision import keep, top

from .modes import InferenceAttributes
from .recognition import RecognitionTransform


class CaptionsAttributes(InferenceAttributes):
    """Attributes of ``type: captions`` in the YAML."""

    captioner_name: str = Field(min_length=1, description="Name of the vision service that writes captions.")
    confidence_threshold: float = Field(
        default=0.0, ge=0, le=1, allow_inf_nan=False, description="Lowest confidence kept; equal is kept."
    )


class Captions(RecognitionTransform[CaptionsAttributes]):
    """Attach the caption with the highest confidence to each frame; drop empty captions."""

    type_name: ClassVar[str] = "captions"
    attributes_type = CaptionsAttributes
    exchangeable = ("confidence_threshold", "max_age_s")
    service_attribute: ClassVar[str] = "captioner_name"
    kind: ClassVar[str] = Caption.plural

    def recognise(self, frame: Frame) -> Sequence[Caption]:
        """Return the caption that is kept, if any."""
        captions = [caption for caption in self.predict(Caption, frame) if caption.label.strip()]
        return top(keep(captions, self.attributes.confidence_threshold), 1)
