"""Classify the whole frame, or each detection in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from cameras import Annotation, Classification, Detection, Frame
from vision import VisionService, keep, top

from .crop import cut
from .modes import InferenceMode, SyncInference
from .recognition import RecognitionAttributes, RecognitionTransform

UNKNOWN = "VIAM_UNKNOWN"  # the label of Viam's classifiers for an unknown picture


class ClassificationsAttributes(RecognitionAttributes):
    """Attributes of ``type: classifications`` in the YAML."""

    classifier_name: str = Field(min_length=1, description="Name of the vision service that classifies.")
    max_classifications: int = Field(
        default=1, ge=0, description="How many are kept, by falling confidence; 0 means 1."
    )
    of: Literal["frame", "detections"] = Field(
        default="frame",
        description="What is classified: the frame, or the box of each detection that came with it, which "
        "takes the label.",
    )
    margin: float = Field(
        default=0.25,
        ge=0,
        le=5,
        allow_inf_nan=False,
        description="With of: detections, how much around the box the classifier sees, as a fraction of the box.",
    )
    append_label: bool = Field(
        default=False,
        description="With of: detections, append the new label to the old one, as in dog: husky; "
        "the color of dog stays.",
    )

    @model_validator(mode="after")
    def _check_mode(self) -> Self:
        if self.mode in ("latest", "delayed") and self.of == "detections":
            raise ValueError(f"mode: {self.mode} works with of: frame only")
        return self


class Classifications(RecognitionTransform[ClassificationsAttributes]):
    """Attach the classifications with the highest confidence to each frame.

    The filters of label and threshold apply before the cut to ``max_classifications``: a label that is filtered out
    takes no place from one that passes.

    With ``of: detections`` nothing is attached: each detection that came with the frame keeps its box and its track,
    and takes label and confidence of the best classification of its box. Where none passes, it stays as it was.
    """

    type_name: ClassVar[str] = "classifications"
    attributes_type = ClassificationsAttributes
    service_attribute: ClassVar[str] = "classifier_name"
    kind: ClassVar[str] = Classification.plural

    def inference_mode(self, service: VisionService[Any]) -> InferenceMode:
        """Return the mode that ``mode`` names; the boxes of detections are classified as they come."""
        return super().inference_mode(service) if self.attributes.of == "frame" else SyncInference(service)

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with its classifications attached, or with its detections classified."""
        if self.attributes.of == "frame":
            return super().apply(frame)
        named = tuple(self._named(annotation, frame) for annotation in frame.annotations)
        return replace(frame, annotations=named)

    def recognise(self, frame: Frame) -> Sequence[Classification]:
        """Return the classifications that are kept, by falling confidence."""
        known = [found for found in self.predict(Classification, frame) if found.label != UNKNOWN]
        kept = keep(known, self.attributes.confidence_threshold, self.attributes.valid_labels)
        return top(kept, self.attributes.max_classifications or 1)

    def _named(self, annotation: Annotation, frame: Frame) -> Annotation:
        if not isinstance(annotation, Detection) or annotation.box.clipped() is None:
            return annotation
        box = annotation.box.grown(self.attributes.margin)
        window = box.to_pixels(frame.width, frame.height)
        # Cached with the picture, so that all transforms that classify the same box share the inference.
        pixels = frame.pixels.memo(("window", window), lambda: cut(frame.pixels, window))
        found = self.recognise(frame.with_pixels(pixels, annotations=(), depth=None, intrinsics=None))
        if not found:
            return annotation
        label, first = found[0].label, None
        if self.attributes.append_label:
            label, first = f"{annotation.label}: {label}", annotation.first_label or annotation.label
        named = replace(annotation, label=label, first_label=first, confidence=found[0].confidence)
        return named.attached_by(self.type_name, self.service.name)
