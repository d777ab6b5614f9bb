"""The input and outputs of a model: as declared, else inferred by running it on a few sample pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, field_validator

from cameras import Classification, Detection, LocalPath, Prediction, Segmentation

from .inputs import DEFAULT_PREPARATION, PictureInput, Preparation, image_input, sample_pictures
from .model_service import PictureModelAttributes
from .outputs import (
    DEFAULT_ORDER,
    BoxFormat,
    Classifier,
    Detector,
    Head,
    HeadDetector,
    HeadMatch,
    NonMaxSuppression,
    RowDetector,
    Segmenter,
    Thresholds,
    find_head,
    find_map,
    find_scores,
    find_tensor_layout,
    output_names,
)
from .runtimes import ModelError, Runtime, Tensor, missing_files

_HEAD_MAX_DETECTIONS = 100


class MlModelAttributes(PictureModelAttributes):
    """Attributes of ``model: mlmodel`` in the YAML."""

    label_path: LocalPath | None = Field(
        None, description="Text file with one label per line; default: the labels packed in the model file."
    )
    remap_input_names: dict[str, Literal["image"]] = Field(
        {}, description="Expected name of an input, by its name in the model."
    )
    remap_output_names: dict[str, Literal["probability", "location", "category", "score", "count"]] = Field(
        {}, description="Expected names of outputs, by their names in the model."
    )
    xmin_ymin_xmax_ymax_order: tuple[int, ...] | None = Field(
        None,
        strict=False,
        description="The side at each position of a box: 0 x_min, 1 y_min, 2 x_max, 3 y_max; default: as in the model "
        "file, else [1, 0, 3, 2].",
    )
    input_image_bgr: bool | None = Field(
        None,
        description="The model takes BGR; mean and std then apply in that order. Default: as its head needs, else RGB.",
    )
    input_fit: Literal["stretch", "letterbox"] | None = Field(
        None,
        description="How the picture fills the input: stretched, or letterboxed to keep its aspect ratio. Default: as "
        "its head needs, else stretched.",
    )
    head: (
        Literal[
            "none",
            "blazeface",
            "fastestdet",
            "ssd_anchors",
            "ultraface",
            "yolov5",
            "yolov8",
            "yolov10",
            "yolox",
        ]
        | None
    ) = Field(
        None,
        description="Decoder for the raw outputs of a detector. Default: inferred if their shapes fit only one; none "
        "uses the outputs unchanged.",
    )
    iou_threshold: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Of boxes with the same label and a larger intersection over union, only the most confident stays; "
        "1 keeps all. Default: the head's own; without a head, all are kept.",
    )
    max_detections: int | None = Field(
        None, ge=1, le=1000, description="Most boxes returned. Default: 100 with a head, else all."
    )
    label_confidences: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {}, description="Lowest confidence by label, in any letter case; other labels have the default."
    )

    @field_validator("xmin_ymin_xmax_ymax_order")
    @classmethod
    def _order(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and sorted(value) != [0, 1, 2, 3]:
            raise ValueError(f"must hold 0, 1, 2 and 3, each once, got {list(value)}")
        return value

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error for each missing file."""
        yield from missing_files(model_path=self.model_path, label_path=self.label_path)


@dataclass(frozen=True)
class Interpretation:
    """The pre-processing and post-processing of a model.

    Attributes:
        picture: Pre-processing of pictures to its input.
        labels: Its labels, as far as they are known.
        classifier: Post-processing as a classifier, if it is one.
        detector: Post-processing as a detector, if it is one.
        segmenter: Post-processing as a segmenter, if it is one.
    """

    picture: PictureInput
    labels: tuple[str, ...]
    classifier: Classifier | None = None
    detector: Detector | None = None
    segmenter: Segmenter | None = None

    @property
    def kinds(self) -> frozenset[type[Prediction]]:
        """The kinds of predictions that the model supports."""
        parts = {Classification: self.classifier, Detection: self.detector, Segmentation: self.segmenter}
        return frozenset(kind for kind, part in parts.items() if part is not None)

    @property
    def dropped(self) -> int:
        """Number of results dropped because they were not finite."""
        return sum(part.dropped for part in (self.classifier, self.detector, self.segmenter) if part is not None)

    @property
    def unknown(self) -> int:
        """Number of results whose class number has no label."""
        return sum(part.unknown for part in (self.detector, self.segmenter) if part is not None)


def interpret(runtime: Runtime, attributes: MlModelAttributes, labels: Sequence[str], service: str) -> Interpretation:
    """Infer whether a model is a detector with raw outputs, a classifier, a detector or a segmenter, in that order.

    A model may be both classifier and detector.

    Args:
        runtime: The loaded model.
        attributes: The declared attributes, which win over anything inferred.
        labels: Labels by class number; empty if there are none.
        service: Name of the service, for the log.

    Raises:
        ModelError: when the model is none of these, or the labels do not fit.
    """
    thresholds = Thresholds(attributes.default_minimum_confidence, attributes.label_confidences)
    plain = _picture(runtime, attributes, DEFAULT_PREPARATION)
    raw = _head(runtime, attributes, plain, len(labels))
    if raw is not None:
        head, found = raw
        iou_threshold = head.iou_threshold if attributes.iou_threshold is None else attributes.iou_threshold
        suppression = NonMaxSuppression(iou_threshold, attributes.max_detections or _HEAD_MAX_DETECTIONS)
        detector = HeadDetector(head, found, labels, thresholds, service, suppression)
        return Interpretation(_picture(runtime, attributes, head.preparation), detector.labels, detector=detector)
    samples = _sample_outputs(runtime, plain)
    names = output_names(runtime.outputs, runtime.metadata.outputs, attributes.remap_output_names)
    rows = Interpretation(
        plain,
        tuple(labels),
        _classifier(runtime, names, samples, labels, thresholds),
        _row_detector(runtime, attributes, names, samples, labels, thresholds, service),
    )
    if rows.kinds:
        known = rows.labels or (rows.classifier.labels if rows.classifier is not None else ())
        return Interpretation(plain, known, rows.classifier, rows.detector)
    pixel_map = find_map(samples, plain.size_for(sample_pictures()[0]), len(labels))
    if pixel_map is None:
        shapes = "; ".join(f"{name} {list(array.shape)} {array.dtype}" for name, array in samples[0].items())
        raise ModelError(
            "the model is neither a classifier, a detector nor a segmenter (for a detector with raw outputs, set "
            f"head); its outputs are {shapes}"
        )
    segmenter = Segmenter(pixel_map, labels, thresholds, samples)
    return Interpretation(plain, segmenter.labels, segmenter=segmenter)


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


def _sample_outputs(runtime: Runtime, picture: PictureInput, most: int | None = None) -> list[dict[str, Tensor]]:
    return [runtime.infer({picture.info.name: picture.tensor(pixels)}) for pixels in sample_pictures()[:most]]


def _head(
    runtime: Runtime, attributes: MlModelAttributes, picture: PictureInput, labels: int
) -> tuple[Head, HeadMatch] | None:
    """Return the head of the model by the shapes of its outputs: those in the file, else those of an inference."""
    shapes = {info.name: info.shape for info in runtime.outputs}
    if any(size < 1 for shape in shapes.values() for size in shape) or not all(shapes.values()):
        shapes = {name: array.shape for name, array in _sample_outputs(runtime, picture, 1)[0].items()}
    return find_head(attributes.head, shapes, picture.size_for(sample_pictures()[0]), labels)


def _classifier(
    runtime: Runtime,
    names: Mapping[str, str],
    samples: Sequence[Mapping[str, Tensor]],
    labels: Sequence[str],
    thresholds: Thresholds,
) -> Classifier | None:
    scores = find_scores(names, samples)
    if scores is None:
        return None
    info = next(info for info in runtime.outputs if info.name == scores)
    return Classifier(info, labels, thresholds, samples)


def _row_detector(
    runtime: Runtime,
    attributes: MlModelAttributes,
    names: Mapping[str, str],
    samples: Sequence[Mapping[str, Tensor]],
    labels: Sequence[str],
    thresholds: Thresholds,
    service: str,
) -> Detector | None:
    layout = find_tensor_layout(names, samples)
    if layout is None:
        return None
    order = tuple(attributes.xmin_ymin_xmax_ymax_order or runtime.metadata.box_order or DEFAULT_ORDER)
    boxes = BoxFormat(order, True if runtime.metadata.boxes_in_pixels else None)
    suppression = None
    if attributes.iou_threshold is not None or attributes.max_detections is not None:
        iou_threshold = 1.0 if attributes.iou_threshold is None else attributes.iou_threshold
        suppression = NonMaxSuppression(iou_threshold, attributes.max_detections or 1000)
    return RowDetector(layout, labels, boxes, thresholds, service, suppression)
