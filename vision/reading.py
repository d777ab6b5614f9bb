"""How the model of one file is fed and read: found out once, by running it on a few made pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .base import CLASSIFICATIONS, DETECTIONS
from .classifier import Classifier, find_scores
from .detector import Detector
from .detector_rows import DEFAULT_ORDER, BoxFormat, RowDetector
from .errors import ModelError
from .layout import find_layout
from .minimums import Minimums
from .probes import probe_pictures
from .runtime import Runtime
from .tensors import PictureInput


@dataclass(frozen=True)
class Reading:
    """How a model is fed and read.

    Attributes:
        picture: How a picture becomes its input.
        labels: The names it gives, as far as they are known.
        classifier: What reads it as a classifier, if it is one.
        detector: What reads it as a detector, if it is one.
    """

    picture: PictureInput
    labels: tuple[str, ...]
    classifier: Classifier | None
    detector: Detector | None

    @property
    def kinds(self) -> frozenset[str]:
        """What the model gives."""
        parts = {CLASSIFICATIONS: self.classifier, DETECTIONS: self.detector}
        return frozenset(kind for kind, part in parts.items() if part is not None)


def read(
    runtime: Runtime,
    picture: PictureInput,
    names: Mapping[str, str],
    labels: Sequence[str],
    minimums: Minimums,
    box_order: Sequence[int] | None,
    service: str,
) -> Reading:
    """Try a model as a classifier and as a detector, and keep every role that works.

    Args:
        runtime: The loaded model.
        picture: How a picture becomes its input.
        names: Expected name by output, for the outputs that have one.
        labels: By number; empty when there are none.
        minimums: The lowest confidence that each label needs.
        box_order: What each position of a box holds, where it is declared.
        service: Its name, for the log.

    Raises:
        ModelError: when no role works, or the labels do not fit.
    """
    samples = [runtime.infer({picture.info.name: picture.tensor(pixels)}) for pixels in probe_pictures()]
    scores, layout = find_scores(names, samples), find_layout(names, samples)
    classifier: Classifier | None = None
    detector: Detector | None = None
    if scores is not None:
        info = next(info for info in runtime.outputs if info.name == scores)
        classifier = Classifier(info, labels, minimums, samples)
    if layout is not None:
        order = tuple(box_order or runtime.metadata.box_order or DEFAULT_ORDER)
        boxes = BoxFormat(order, True if runtime.metadata.boxes_in_pixels else None)
        detector = RowDetector(layout, labels, boxes, minimums, service)
    if classifier is None and detector is None:
        shapes = "; ".join(f"{name} {list(array.shape)} {array.dtype}" for name, array in samples[0].items())
        raise ModelError(f"the model is neither a classifier nor a detector; its outputs are {shapes}")
    known = tuple(labels) or (classifier.labels if classifier is not None else ())
    return Reading(picture, known, classifier, detector)
