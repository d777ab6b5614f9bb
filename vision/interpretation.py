"""How a model is fed, and what its outputs mean: as declared, else found out by running it on a few made pictures."""

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
        None, description="Text file with one label per line; without it, the labels packed in the model file."
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
        description="What each position of a box holds: 0 x_min, 1 y_min, 2 x_max, 3 y_max. Without it as the model "
        "file says, else [1, 0, 3, 2].",
    )
    input_image_bgr: bool | None = Field(
        None,
        description="The model takes blue first; mean and std then apply in that order. Without it as its head wants, "
        "else red first.",
    )
    input_fit: Literal["stretch", "letterbox"] | None = Field(
        None,
        description="How the picture fills the input: stretched, or in its shape between bars. Without it as its head "
        "wants, else stretched.",
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
        description="How boxes are computed from a detector's raw outputs. Without it guessed where their shapes leave "
        "no doubt; none takes them as they are.",
    )
    iou_threshold: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Of boxes with one label whose intersection over union is larger, the most confident stays; 1 "
        "keeps all. Without it as the head's makers have it; without a head all are kept.",
    )
    max_detections: int | None = Field(
        None, ge=1, le=1000, description="Most boxes passed on. Without it 100 from a head, else all."
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
        """Give the files that are not there."""
        yield from missing_files(model_path=self.model_path, label_path=self.label_path)


@dataclass(frozen=True)
class Interpretation:
    """How a model is fed, and what its outputs mean.

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
    def kinds(self) -> frozenset[type[Prediction]]:
        """What the model gives."""
        parts = {Classification: self.classifier, Detection: self.detector, Segmentation: self.segmenter}
        return frozenset(kind for kind, part in parts.items() if part is not None)

    @property
    def dropped(self) -> int:
        """How many results were dropped because they were no number."""
        return sum(part.dropped for part in (self.classifier, self.detector, self.segmenter) if part is not None)

    @property
    def unknown(self) -> int:
        """How many things had a class without a label."""
        return sum(part.unknown for part in (self.detector, self.segmenter) if part is not None)


def interpret(runtime: Runtime, attributes: MlModelAttributes, labels: Sequence[str], service: str) -> Interpretation:
    """Try a model as a detector with raw outputs, as a classifier, a detector and a segmenter; keep what works.

    Args:
        runtime: The loaded model.
        attributes: What was declared.
        labels: By number; empty when there are none.
        service: Its name, for the log.

    Raises:
        ModelError: when nothing works, or the labels do not fit.
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
            "the model is neither a classifier, a detector nor a segmenter (a detector with raw outputs wants its "
            f"head declared); its outputs are {shapes}"
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
    """Return the head of the model, by the shapes of its outputs: as they stand in the file, else as they come out."""
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
