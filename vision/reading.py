"""How the model of one file is fed and read: found out once, by running it on a few made pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .base import CLASSIFICATIONS, DETECTIONS, SEGMENTATIONS
from .candidates import Suppression
from .classifier import Classifier, find_scores
from .detector import Detector
from .detector_head import HeadDetector
from .detector_rows import DEFAULT_ORDER, BoxFormat, RowDetector
from .errors import ModelError
from .heads import Found, Head, find_head
from .layout import find_layout
from .minimums import Minimums
from .mlmodel_attributes import MlModelAttributes
from .names import image_input, output_names
from .probes import probe_pictures
from .runtime import Runtime, Tensor
from .segmenter import Segmenter, find_map
from .tensors import USUAL, PictureInput, Preparation

_MOST_FROM_A_HEAD = 100


@dataclass(frozen=True)
class Reading:
    """How a model is fed and read.

    Attributes:
        picture: How a picture becomes its input.
        labels: The names it gives, as far as they are known.
        classifier: What reads it as a classifier, if it is one.
        detector: What reads it as a detector, if it is one.
        segmenter: What reads it as a segmenter, if it is one.
    """

    picture: PictureInput
    labels: tuple[str, ...]
    classifier: Classifier | None = None
    detector: Detector | None = None
    segmenter: Segmenter | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """What the model gives."""
        parts = {CLASSIFICATIONS: self.classifier, DETECTIONS: self.detector, SEGMENTATIONS: self.segmenter}
        return frozenset(kind for kind, part in parts.items() if part is not None)

    @property
    def dropped(self) -> int:
        """How many results were dropped because they were no number."""
        return sum(part.dropped for part in (self.classifier, self.detector, self.segmenter) if part is not None)

    @property
    def unknown(self) -> int:
        """How many things had a class without a label."""
        return sum(part.unknown for part in (self.detector, self.segmenter) if part is not None)


def read(runtime: Runtime, attributes: MlModelAttributes, labels: Sequence[str], service: str) -> Reading:
    """Try a model as a detector with raw outputs, as a classifier, a detector and a segmenter; keep what works.

    Args:
        runtime: The loaded model.
        attributes: What was declared.
        labels: By number; empty when there are none.
        service: Its name, for the log.

    Raises:
        ModelError: when nothing works, or the labels do not fit.
    """
    minimums = Minimums(attributes.default_minimum_confidence, attributes.label_confidences)
    plain = _picture(runtime, attributes, USUAL)
    raw = _head(runtime, attributes, plain, len(labels))
    if raw is not None:
        head, found = raw
        iou_threshold = head.iou_threshold if attributes.iou_threshold is None else attributes.iou_threshold
        suppression = Suppression(iou_threshold, attributes.max_detections or _MOST_FROM_A_HEAD)
        detector = HeadDetector(head, found, labels, minimums, service, suppression)
        return Reading(_picture(runtime, attributes, head.usual), detector.labels, detector=detector)
    samples = _asked(runtime, plain)
    names = output_names(runtime.outputs, runtime.metadata.outputs, attributes.remap_output_names)
    reading = Reading(
        plain,
        tuple(labels),
        _classifier(runtime, names, samples, labels, minimums),
        _row_detector(runtime, attributes, names, samples, labels, minimums, service),
    )
    if reading.kinds:
        known = reading.labels or (reading.classifier.labels if reading.classifier is not None else ())
        return Reading(plain, known, reading.classifier, reading.detector)
    pixel_map = find_map(samples, plain.size_for(probe_pictures()[0]), len(labels))
    if pixel_map is None:
        shapes = "; ".join(f"{name} {list(array.shape)} {array.dtype}" for name, array in samples[0].items())
        raise ModelError(
            "the model is neither a classifier, a detector nor a segmenter (a detector with raw outputs wants its "
            f"head declared); its outputs are {shapes}"
        )
    segmenter = Segmenter(pixel_map, labels, minimums, samples)
    return Reading(plain, segmenter.labels, segmenter=segmenter)


def _picture(runtime: Runtime, attributes: MlModelAttributes, usual: Preparation) -> PictureInput:
    return PictureInput.of(
        image_input(runtime.inputs, attributes.remap_input_names),
        runtime.metadata,
        attributes.input_image_mean_value,
        attributes.input_image_std_dev,
        attributes.input_image_bgr,
        None if attributes.input_fit is None else attributes.input_fit == "letterbox",
        usual,
    )


def _asked(runtime: Runtime, picture: PictureInput, most: int | None = None) -> list[dict[str, Tensor]]:
    return [runtime.infer({picture.info.name: picture.tensor(pixels)}) for pixels in probe_pictures()[:most]]


def _head(
    runtime: Runtime, attributes: MlModelAttributes, picture: PictureInput, labels: int
) -> tuple[Head, Found] | None:
    """Return the head of the model, by the shapes of its outputs: as they stand in the file, else as they come out."""
    shapes = {info.name: info.shape for info in runtime.outputs}
    if any(size < 1 for shape in shapes.values() for size in shape) or not all(shapes.values()):
        shapes = {name: array.shape for name, array in _asked(runtime, picture, 1)[0].items()}
    return find_head(attributes.head, shapes, picture.size_for(probe_pictures()[0]), labels)


def _classifier(
    runtime: Runtime,
    names: Mapping[str, str],
    samples: Sequence[Mapping[str, Tensor]],
    labels: Sequence[str],
    minimums: Minimums,
) -> Classifier | None:
    scores = find_scores(names, samples)
    if scores is None:
        return None
    info = next(info for info in runtime.outputs if info.name == scores)
    return Classifier(info, labels, minimums, samples)


def _row_detector(
    runtime: Runtime,
    attributes: MlModelAttributes,
    names: Mapping[str, str],
    samples: Sequence[Mapping[str, Tensor]],
    labels: Sequence[str],
    minimums: Minimums,
    service: str,
) -> Detector | None:
    layout = find_layout(names, samples)
    if layout is None:
        return None
    order = tuple(attributes.xmin_ymin_xmax_ymax_order or runtime.metadata.box_order or DEFAULT_ORDER)
    boxes = BoxFormat(order, True if runtime.metadata.boxes_in_pixels else None)
    suppression = None
    if attributes.iou_threshold is not None or attributes.max_detections is not None:
        iou_threshold = 1.0 if attributes.iou_threshold is None else attributes.iou_threshold
        suppression = Suppression(iou_threshold, attributes.max_detections or 1000)
    return RowDetector(layout, labels, boxes, minimums, service, suppression)
