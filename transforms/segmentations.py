"""Segment the frame and attach a mask for each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from cameras import Frame, Segmentation
from vision import Predictor, Session, keep

from .recognition import RecognitionAttributes, RecognitionTransform


class SegmentationsAttributes(RecognitionAttributes):
    """Attributes of ``type: segmentations`` in the YAML."""

    segmenter_name: str = Field(min_length=1, description="Name of the vision service that segments.")


class Segmentations(RecognitionTransform[SegmentationsAttributes]):
    """Attach one mask per class, the largest first.

    Masks span the whole input frame, at the resolution of the model. Empty masks are dropped.
    """

    type_name: ClassVar[str] = "segmentations"
    attributes_type = SegmentationsAttributes
    exchangeable = ("confidence_threshold", "valid_labels", "max_age_s")
    service_attribute: ClassVar[str] = "segmenter_name"
    kind: ClassVar[str] = Segmentation.plural

    def predictor(self) -> Predictor:
        """Return what segments a frame and keeps what passes the filters: each mask costs time wherever it moves."""
        return self._segmented

    def recognise(self, frame: Frame) -> Sequence[Segmentation]:
        """Return the masks that are kept, the largest first."""
        return self.predict(Segmentation, frame)

    def _segmented(self, frame: Frame, session: Session) -> tuple[Segmentation, ...]:
        found = session.predict(Segmentation, frame)
        kept = keep(found, self.attributes.confidence_threshold, self.attributes.valid_labels)
        return tuple(segmentation for segmentation in kept if segmentation.mask.any())
