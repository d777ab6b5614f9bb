"""The base class of the transforms that attach predictions of a vision service to the frame."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, TypeVar

from cameras import Annotation, Frame
from vision import VisionService

from .inference import FilterAttributes, InferenceTransform
from .modes import MODES, InferenceAttributes, InferenceMode


class RecognitionAttributes(InferenceAttributes, FilterAttributes):
    """Attributes of every transform that attaches predictions with labels."""


R = TypeVar("R", bound=InferenceAttributes)


class RecognitionTransform(InferenceTransform[R]):
    """Run a vision service on each frame and attach its predictions.

    Frames: pixels, size and time unchanged; annotations added after those that came with the frame.

    A subclass filters the predictions in ``recognise``. One that predicts something else than the frame as a whole
    returns what does so from ``predictor``; one with more than one kind returns ``SyncInference(service)`` from
    ``inference_mode``::

        class Detections(RecognitionTransform[DetectionsAttributes]):
            type_name = "detections"
            attributes_type = DetectionsAttributes
            service_attribute = "detector_name"
            kind = Detection.plural

            def recognise(self, frame):
                return keep(self.predict(Detection, frame), self.attributes.confidence_threshold)
    """

    annotates = True

    def inference_mode(self, service: VisionService[Any]) -> InferenceMode:
        """Return the inference mode that the attribute ``mode`` names."""
        return MODES[self.attributes.mode](service, self.attributes)

    def exchange(self, attributes: R) -> None:
        """Replace the attributes; the inference mode keeps its session and its results."""
        super().exchange(attributes)
        self._inference.exchange(attributes)

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with its predictions attached."""
        found = [each.attached_by(self.type_name, self.service.name) for each in self.recognise(frame)]
        return frame.with_annotations(found, new_result=self._inference.new_result)

    @abstractmethod
    def recognise(self, frame: Frame) -> Sequence[Annotation]:
        """Return the predictions for this frame that pass the filters of the attributes."""
