"""Say what the whole frame shows, or what each thing in it is that a detector has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from cameras import Annotation, Classification, Detection, Frame
from vision import keep, top

from .crop import cut
from .recognition import RecognitionAttributes, RecognitionTransform

UNKNOWN = "VIAM_UNKNOWN"  # what Viam's classifiers answer when they have no answer


class ClassificationsAttributes(RecognitionAttributes):
    """Attributes of ``type: classifications`` in the YAML."""

    classifier_name: str = Field(min_length=1, description="Name of the vision service that classifies.")
    max_classifications: int = Field(default=1, ge=0, description="How many are kept, the surest first; 0 means 1.")
    of: Literal["frame", "detections"] = Field(
        default="frame",
        description="What is classified: the frame, or what is in the box of each detection that came with it, which "
        "then is called so.",
    )
    margin: float = Field(
        default=0.25,
        ge=0,
        le=5,
        allow_inf_nan=False,
        description="With of: detections, how much around the box is shown to the classifier, in sizes of the box.",
    )
    append_label: bool = Field(
        default=False,
        description="With of: detections, call it dog: husky, say, where it was a dog, not just husky; "
        "it keeps the color of dog.",
    )


class Classifications(RecognitionTransform[ClassificationsAttributes]):
    """Attach the surest classifications of each frame.

    Labels and threshold filter first, the cut to ``max_classifications`` comes after: a label that is wanted is shown
    even where one that is not wanted is surer.

    With ``of: detections`` nothing is attached: each detection that came with the frame keeps its box and its track,
    and takes the label and the confidence of the surest classification of what is in the box. Where none passes, it
    stays as it was.
    """

    type_name: ClassVar[str] = "classifications"
    attributes_type = ClassificationsAttributes
    service_attribute: ClassVar[str] = "classifier_name"
    kind: ClassVar[str] = Classification.plural

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with what is recognised in it."""
        if self.attributes.of == "frame":
            return super().apply(frame)
        named = tuple(self._named(annotation, frame) for annotation in frame.annotations)
        return replace(frame, annotations=named)

    def recognise(self, frame: Frame) -> Sequence[Classification]:
        """Return the classifications kept, the surest first."""
        known = [found for found in self.predict(Classification, frame) if found.label != UNKNOWN]
        kept = keep(known, self.attributes.confidence_threshold, self.attributes.valid_labels)
        return top(kept, self.attributes.max_classifications or 1)

    def _named(self, annotation: Annotation, frame: Frame) -> Annotation:
        if not isinstance(annotation, Detection) or annotation.box.clipped() is None:
            return annotation
        box = annotation.box.grown(self.attributes.margin)
        window = box.to_pixels(frame.width, frame.height)
        # Remembered with the picture, so that others who ask about the same box share the inference.
        pixels = frame.pixels.memo(("window", window), lambda: cut(frame.pixels, window))
        found = self.recognise(frame.with_pixels(pixels, annotations=(), depth=None, intrinsics=None))
        if not found:
            return annotation
        label, first = found[0].label, None
        if self.attributes.append_label:
            label, first = f"{annotation.label}: {label}", annotation.first_label or annotation.label
        named = replace(annotation, label=label, first_label=first, confidence=found[0].confidence)
        return named.attached_by(self.type_name, self.service.name)
