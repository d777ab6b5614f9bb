"""Classify the whole frame, or each detection in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

from pydantic import Field

from cameras import Annotation, BoundingBox, Classification, Detection, Frame, Movement, Pixels
from vision import Predictor, Session, keep, top

from .crop import cut
from .recognition import RecognitionAttributes, RecognitionTransform

LEAST_OVERLAP = 0.3
"""Of the boxes of a detection that was classified and of the one that takes its label."""
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


@dataclass(frozen=True, slots=True)
class _OfDetection(Classification):
    """The best classification of a detection; it moves with it."""

    detection: Detection = dataclasses.field(kw_only=True)

    @property
    def region(self) -> BoundingBox:
        """The box of the detection."""
        return self.detection.box

    def moved(self, movement: Movement) -> Self | None:
        """Return it with the detection moved; ``None`` when that has left the frame."""
        detection = self.detection.moved(movement)
        return None if detection is None else replace(self, detection=detection)


class Classifications(RecognitionTransform[ClassificationsAttributes]):
    """Attach the classifications with the highest confidence to each frame.

    The filters of label and threshold apply before the cut to ``max_classifications``: a label that is filtered out
    takes no place from one that passes.

    With ``of: detections`` nothing is attached: each detection that came with the frame keeps its box and its track,
    and takes label and confidence of the best classification of its box. Where none passes, it stays as it was. In the
    modes in which a frame carries the classifications of another one, each goes to the detection with the same
    ``track_id``, or else, of those with the same label, to the one whose box it overlaps most.
    """

    type_name: ClassVar[str] = "classifications"
    attributes_type = ClassificationsAttributes
    exchangeable = (
        "confidence_threshold",
        "valid_labels",
        "max_classifications",
        "margin",
        "append_label",
        "max_age_s",
    )
    service_attribute: ClassVar[str] = "classifier_name"
    kind: ClassVar[str] = Classification.plural

    def predictor(self) -> Predictor | None:
        """Return what classifies the boxes of a frame, with ``of: detections``."""
        return self._of_detections if self.attributes.of == "detections" else None

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with its classifications attached, or with its detections classified."""
        if self.attributes.of == "frame":
            return super().apply(frame)
        named = list(frame.annotations)
        for index, found in self._matched(frame).items():
            named[index] = self._named(named[index], found)
        new_result = frame.new_result or self._inference.new_result
        return replace(frame, annotations=tuple(named), new_result=new_result)

    def recognise(self, frame: Frame) -> Sequence[Classification]:
        """Return the classifications that are kept, by falling confidence."""
        return self._kept(self.predict(Classification, frame))

    def _kept(self, found: Iterable[Classification]) -> Sequence[Classification]:
        known = [each for each in found if each.label != UNKNOWN]
        kept = keep(known, self.attributes.confidence_threshold, self.attributes.valid_labels)
        return top(kept, self.attributes.max_classifications or 1)

    def _of_detections(self, frame: Frame, session: Session) -> tuple[_OfDetection, ...]:
        """Return the best classification of each detection that came with a frame and has one that passes."""
        best = []
        for detection in frame.annotations:
            if not isinstance(detection, Detection) or (inside := detection.box.clipped()) is None:
                continue
            window = detection.box.grown(self.attributes.margin).to_pixels(frame.width, frame.height)
            pixels = self._cut(frame, window)
            seen = frame.with_pixels(pixels, annotations=(), depth=None, intrinsics=None)
            for found in self._kept(session.predict(Classification, seen))[:1]:
                place = replace(detection, box=inside, polygon=None, mask=None)
                best.append(_OfDetection(found.label, found.confidence, detection=place))
        return tuple(best)

    @staticmethod
    def _cut(frame: Frame, window: tuple[int, int, int, int]) -> Pixels:
        # Cached with the picture, so that all transforms that classify the same box share the inference.
        return frame.pixels.memo(("window", window), lambda: cut(frame.pixels, window))

    def _matched(self, frame: Frame) -> dict[int, Classification]:
        """Return the classification of each detection of a frame that has one, by its index among the annotations."""
        scores = []
        found = [each for each in self.predict(Classification, frame) if isinstance(each, _OfDetection)]
        for index, detection in enumerate(frame.annotations):
            if isinstance(detection, Detection) and (box := detection.box.clipped()) is not None:
                likeness = (_likeness(detection, box, each.detection) for each in found)
                scores += [(score, index, other) for other, score in enumerate(likeness) if score >= LEAST_OVERLAP]
        matched: dict[int, Classification] = {}
        taken: set[int] = set()
        for _, index, other in sorted(scores, reverse=True):
            if index not in matched and other not in taken:
                taken.add(other)
                matched[index] = found[other]
        return matched

    def _named(self, annotation: Annotation, found: Classification) -> Annotation:
        assert isinstance(annotation, Detection)
        label, first = found.label, None
        if self.attributes.append_label:
            label, first = f"{annotation.label}: {label}", annotation.first_label or annotation.label
        named = replace(annotation, label=label, first_label=first, confidence=found.confidence)
        return named.attached_by(self.type_name, self.service.name)


def _likeness(one: Detection, box: BoundingBox, other: Detection) -> float:
    """Return how surely two detections of frames close together are the same object.

    It is the overlap of their boxes, and 2 more if they have the same ``track_id``: several trackers count from 1.

    Args:
        one: The first detection.
        box: The part of its box in the frame.
        other: The second one, whose box is in the frame.
    """
    if one.track_id is not None and other.track_id is not None:
        return 2.0 + box.overlap(other.box) if one.track_id == other.track_id else 0.0
    # A classification before may have changed the label since.
    same = (one.first_label or one.label) == (other.first_label or other.label)
    return box.overlap(other.box) if same else 0.0
