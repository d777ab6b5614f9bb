"""The input and outputs of a model: as declared, else inferred by running it on a few sample pictures."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cameras import Classification, Detection, Keypoints, Prediction, Segmentation

from .inputs import DEFAULT_PREPARATION, PictureInput, Preparation, picture_and_side_inputs, sample_pictures
from .mlmodel_attributes import MlModelAttributes
from .outputs import (
    AUTO,
    DEFAULT_ORDER,
    NO_ACTIVATION,
    NONE,
    X_FIRST,
    BoxFormat,
    Classifier,
    Detector,
    Evidence,
    Form,
    Head,
    HeadDetector,
    HeadMatch,
    NonMaxSuppression,
    RowDetector,
    Samples,
    Segmenter,
    TensorLayout,
    Thresholds,
    all_names,
    count_planes,
    find_head,
    find_map,
    find_scores,
    find_tensor_layout,
    highest_category,
    highest_class,
    output_names,
    possible_heads,
    require_classes,
    require_corners,
    require_scores,
    shown_order,
)
from .runtimes import FittedLabels, Labels, ModelError, Runtime
from .understood import Understood, UnderstoodInput

logger = logging.getLogger(__name__)

FINISHED = "ssd"
"""The ``head:`` of a model whose outputs are finished boxes, as those of an SSD with its post-processing."""

_PYTORCH = "pytorch"  # the producer, in ONNX files that PyTorch wrote
_TENSORFLOW_CALL = "statefulpartitionedcall"  # part of the names of all outputs of its converted models
_HEAD_MAX_DETECTIONS = 100
_IOU_THRESHOLD = 0.45  # as with most heads
_MOST_OUTSIDE = 0.5  # of the boxes of a trial run
_MOST_FRACTION = 2.0  # mean and std are fractions of 255; values this large are for pixels from 0 to 255


@dataclass(frozen=True)
class Interpretation:
    """The pre-processing and post-processing of a model.

    Attributes:
        picture: Pre-processing of pictures to its input.
        labels: Its labels, as far as they are known.
        understood: What was understood of the model, and why.
        classifier: Post-processing as a classifier, if it is one.
        detector: Post-processing as a detector, if it is one.
        segmenter: Post-processing as a segmenter, if it is one.
        pose: The detector, if its objects have keypoints.
    """

    picture: PictureInput
    labels: tuple[str, ...]
    understood: Understood
    classifier: Classifier | None = None
    detector: Detector | None = None
    segmenter: Segmenter | None = None
    pose: HeadDetector | None = None

    @property
    def kinds(self) -> frozenset[type[Prediction]]:
        """The kinds of predictions that the model supports."""
        parts = {Classification: self.classifier, Detection: self.detector, Segmentation: self.segmenter}
        found = {kind for kind, part in parts.items() if part is not None}
        found |= {Segmentation} if self.has_masks else set()
        return frozenset(found | {Keypoints} if self.pose is not None else found)

    @property
    def has_masks(self) -> bool:
        """Whether its detections have masks, whose union per label is a segmentation."""
        return self.detector is not None and self.detector.has_masks

    @property
    def dropped(self) -> int:
        """Number of results dropped because they were not finite."""
        return sum(part.dropped for part in (self.classifier, self.detector, self.segmenter) if part is not None)

    @property
    def unknown(self) -> int:
        """Number of results whose class number has no label."""
        return sum(part.unknown for part in (self.detector, self.segmenter) if part is not None)


def interpret(
    runtime: Runtime,
    attributes: MlModelAttributes,
    labels: Labels,
    service: str,
) -> Interpretation:
    """Decide what a model is: a detector with a head, a classifier, a detector with finished boxes, or a segmenter.

    Each needs a reason: a declared attribute, names, shapes or values of the outputs, or what the model file says.
    A model may be both classifier and detector.

    Args:
        runtime: The loaded model.
        attributes: The declared attributes, which win over anything inferred.
        labels: The labels, from a file or packed in the model; empty if there are none.
        service: Name of the service, for the log.

    Raises:
        ModelError: when nothing says what the model is, or the labels do not fit.
    """
    model = _Model(runtime, attributes, labels, service)
    _check_normalisation(model.plain, attributes, service)
    kind = attributes.kind
    if kind in (None, "detections", "keypoints"):
        raw = None if attributes.head == FINISHED else find_head(attributes.head, model.evidence)
        if raw is not None and (kind != "keypoints" or raw[1].points is not None):
            return model.with_head(*raw)
    found = model.rows()
    if found is None and kind in (None, "segmentations"):
        found = model.segmenter()
    if found is None:
        raise ModelError(model.refusal())
    _warn_of_assumed_range(model.plain, service)
    return found


@dataclass(frozen=True)
class _Model:
    """A model that is being interpreted."""

    runtime: Runtime
    attributes: MlModelAttributes
    labels: Labels
    service: str

    @cached_property
    def thresholds(self) -> Thresholds:
        return Thresholds(self.attributes.default_minimum_confidence, self.attributes.label_confidences)

    @cached_property
    def plain(self) -> PictureInput:
        """The pre-processing before a head is known."""
        return self.picture(DEFAULT_PREPARATION)

    @cached_property
    def names(self) -> dict[str, str]:
        """The standard name of each output that has one."""
        return output_names(self.runtime.outputs, self.runtime.metadata.outputs, self.attributes.remap_output_names)

    @cached_property
    def samples(self) -> Samples:
        """The outputs for a few sample pictures."""
        try:
            return [self.runtime.infer(self.plain.tensors(pixels)) for pixels in sample_pictures()]
        except ModelError as error:
            if self.plain.width > 0 and self.plain.height > 0:
                raise
            raise ModelError(
                f"{error}; it accepts pictures of any size by its own account, but not of every size: set input_size_px"
            ) from error

    @cached_property
    def evidence(self) -> Evidence:
        shapes = {info.name: info.shape for info in self.runtime.outputs}
        if any(size < 1 for shape in shapes.values() for size in shape) or not all(shapes.values()):
            shapes = {name: array.shape for name, array in self.samples[0].items()}
        return Evidence(
            shapes,
            self.plain.size_for(sample_pictures()[0]),
            len(self.labels),
            fits=self.labels.fits,
            metadata=self.runtime.metadata,
            inputs=[info.name for info in self.runtime.inputs],
            channels_first=self.plain.channels_first,
            activation=self.attributes.activation,
            run=lambda: self.samples,
        )

    def picture(self, usual: Preparation) -> PictureInput:
        """Return the pre-processing, with what a family of models usually needs."""
        attributes = self.attributes
        info, sides = picture_and_side_inputs(self.runtime.inputs, attributes.remap_input_names)
        return PictureInput.of(
            info,
            self.runtime.metadata,
            attributes.input_image_mean_value,
            attributes.input_image_std_dev,
            attributes.input_image_bgr,
            None if attributes.input_fit is None else attributes.input_fit == "letterbox",
            usual,
            size=tuple(reversed(attributes.input_size_px or ())),
            sides=sides,
        )

    def all_names(self, output: str) -> tuple[str, ...]:
        """Return all names of an output."""
        return all_names(self.runtime.outputs, self.runtime.metadata.outputs, output)

    def with_head(self, head: Head, found: HeadMatch) -> Interpretation:
        """Return the interpretation as a detector whose outputs a head decodes."""
        attributes = self.attributes
        activation = found.activation or head.activation
        if attributes.activation not in (AUTO, activation):
            does = "takes its scores as they are" if activation == NO_ACTIVATION else f"applies {activation}"
            raise ModelError(f"activation: {attributes.activation} has no effect with head: {head.name}, which {does}")
        iou_threshold = head.iou_threshold if attributes.iou_threshold is None else attributes.iou_threshold
        suppression = NonMaxSuppression(iou_threshold, attributes.max_detections or _HEAD_MAX_DETECTIONS)
        if found.closed and found.classes:
            fitted = self.labels.fitted(found.classes, f"the head {head.name} gives {found.classes} scores")
        else:
            plain = HeadDetector(head, found, (), self.thresholds, self.service, suppression)
            fitted = self.labels.of_rows(
                lambda: plain.highest_class(self.samples, self.evidence.size), has_gaps=found.has_gaps
            )
        if not fitted.names and head.labels:
            fitted = FittedLabels(head.labels, "the head", "its models have no others")
        detector = HeadDetector(head, found, fitted.names, self.thresholds, self.service, suppression)
        self._check_trial(detector, is_declared=attributes.head is not None)
        picture = self.picture(found.preparation or head.preparation)
        understood = self.understood(
            picture,
            head=head.name,
            boxes=head.boxes,
            activation=activation,
            labels=fitted,
            because={
                "kind": f"a {'pose model' if found.points is not None else 'detector'}: {found.because}",
                "head": found.because,
                "boxes": "the models of this head give them so",
                "activation": self._activation_reason(
                    "as the outputs show" if found.activation else "the models of this head need it"
                ),
            },
        )
        pose = detector if detector.has_points else None
        return Interpretation(picture, detector.labels, understood, detector=detector, pose=pose)

    def rows(self) -> Interpretation | None:
        """Return the interpretation as a classifier, a detector with finished boxes, or both; ``None`` if neither."""
        kind, because = self.attributes.kind, {}
        classifier: Classifier | None = None
        fitted = FittedLabels()
        scores = find_scores(self.names, self.samples) if kind in (None, "classifications") else None
        if scores is not None:
            reason = self._scores_reason(scores)
            info = next(info for info in self.runtime.outputs if info.name == scores)
            count = self.samples[0][scores].size
            is_binary = count == 1 and bool(self.labels) and not self.labels.fits(1) and self.labels.fits(2)
            fitted = self.labels.fitted(2 if is_binary else count, f"the classifier gives {count} scores")
            if is_binary:
                reason += f"; the one score is that of the second label, {fitted.names[1]}, and the first has the rest"
            classifier = Classifier(
                info,
                fitted.names,
                self.thresholds,
                self.samples,
                self.attributes.activation,
                self.runtime.metadata.calibration,
                is_binary=is_binary,
                ending=self.runtime.metadata.endings.get(scores),
            )
            because = {"kind": f"a classifier: {reason}", "activation": classifier.because}
        detector: RowDetector | None = None
        layout = find_tensor_layout(self.names, self.samples) if kind in (None, "detections") else None
        order: tuple[int, ...] = DEFAULT_ORDER
        if layout is not None:
            order, order_reason = self._order(layout)
            reason = self._boxes_reason(layout.location)
            if not reason:
                reason = require_corners(layout, self.samples, order or DEFAULT_ORDER)
            if not order:
                raise ModelError(
                    f"nothing shows the order of the numbers of a box in {layout.location}: set "
                    "xmin_ymin_xmax_ymax_order, [0, 1, 2, 3] if x_min is the first"
                )
            because |= {
                "kind": f"a detector: {reason}",
                "head": reason,
                "boxes": order_reason,
            }
            fitted = self._row_labels(layout)
            detector = RowDetector(
                layout,
                fitted.names,
                BoxFormat(order, True if self.runtime.metadata.boxes_in_pixels else None),
                self.thresholds,
                self.service,
                self._suppression(has_columns=layout.category is None and self._columns(layout) > 1),
                self.attributes.activation,
                self.samples,
            )
            self._check_trial(detector, is_declared=bool(self._boxes_reason(layout.location)))
            because |= {"activation": because.get("activation", detector.because)}
        if classifier is None and detector is None:
            return None
        sides = ("x_min", "y_min", "x_max", "y_max")
        known = fitted.names or (classifier.labels if classifier is not None else ())
        understood = self.understood(
            self.plain,
            head=FINISHED if detector is not None else None,
            boxes=", ".join(sides[side] for side in order) if detector is not None else None,
            activation=classifier.activation
            if classifier is not None
            else detector.activation
            if detector is not None
            else NO_ACTIVATION,
            labels=fitted,
            because=because,
        )
        return Interpretation(self.plain, known, understood, classifier, detector)

    def segmenter(self) -> Interpretation | None:
        """Return the interpretation as a segmenter; ``None`` if no output has the shape of the picture."""
        found = find_map(self.samples, self.evidence.size, len(self.labels), channels_first=self.plain.channels_first)
        if found is None:
            return None
        planes, count = count_planes(found, self.samples), len(self.labels)
        has_background = not self.labels.fits(planes) and self.labels.fits(planes, with_background=True)
        if planes > 1 and count and (has_background or self.labels.fits(planes)):
            count = planes
        reason = "declared as kind"
        if self.attributes.kind is None:
            names, task = self.all_names(found.output), self.runtime.metadata.task
            reason = require_classes(found, names, self.samples, count, task)
        if planes > 1:
            gives = f"the segmenter gives {planes} planes"
            fitted = self.labels.fitted(planes, gives, with_background=has_background)
        elif found.form is Form.CLASS_NUMBERS:
            fitted = self.labels.by_number(highest_class(found, self.samples))
        else:
            fitted = self.labels.unbounded(None)
        segmenter = Segmenter(
            found,
            fitted.names,
            self.thresholds,
            self.samples,
            self.attributes.activation,
            ending=self.runtime.metadata.endings.get(found.output),
        )
        understood = self.understood(
            self.plain,
            activation=segmenter.activation,
            labels=fitted,
            because={
                "kind": f"a segmenter: {reason}",
                "activation": self._activation_reason("judged by the values of the trial run"),
            },
        )
        return Interpretation(self.plain, segmenter.labels, understood, segmenter=segmenter)

    def refusal(self) -> str:
        """Return the message for a model that is nothing known."""
        shapes = "; ".join(f"{name} {list(array.shape)} {array.dtype}" for name, array in self.samples[0].items())
        possible = possible_heads(self.evidence)
        hint = f"head, such as {', '.join(possible)}" if possible else "head"
        wanted = self.attributes.kind or "a classifier, a detector nor a segmenter"
        start = f"the model gives no {wanted}" if self.attributes.kind else f"the model is neither {wanted}"
        return f"{start} (for a detector with raw outputs, set {hint}); its outputs are {shapes}"

    def understood(
        self,
        picture: PictureInput,
        *,
        head: str | None = None,
        boxes: str | None = None,
        activation: str = NO_ACTIVATION,
        labels: FittedLabels,
        because: Mapping[str, str],
    ) -> Understood:
        """Return what was understood, with the reasons that are the same for all kinds."""
        source, reason = labels.origin, labels.because
        if not labels.names:
            source = "none"
            reason = "no label_path is set and the model file has none; classes are named by their numbers"
        given = picture.width > 0 and picture.height > 0
        return Understood(
            UnderstoodInput(
                picture.width if given else None, picture.height if given else None, picture.range, picture.color_order
            ),
            head,
            boxes,
            activation,
            source,
            {**because, **dict(picture.because), "labels_from": reason},
        )

    def _row_labels(self, layout: TensorLayout) -> FittedLabels:
        """Return the labels of a detector with finished boxes, which states its classes only if it has scores of each.

        Raises:
            LabelsError: when they do not fit.
        """
        scores, boxes = self.samples[0][layout.score], self.samples[0][layout.location].size // 4
        if layout.category is not None or scores.size <= boxes:
            known = self.runtime.metadata.score_columns
            for classes in (known - 1, known):  # with and without the background
                if self.labels and classes > 0 and self.labels.fits(classes):
                    return self.labels.fitted(classes, "")
            if known and self.labels:
                logger.warning(
                    "service %s: there are %d labels, but the model has %d scores for each box; names may be wrong",
                    self.service,
                    len(self.labels),
                    known,
                )
            is_tensorflow = any(word in layout.location.casefold() for word in self._tensorflow_names)
            return self.labels.of_rows(
                lambda: highest_category(layout, self.samples), has_gaps=True if is_tensorflow else None
            )
        columns = scores.shape[-1]
        if not self.labels.fits(columns) and self.labels.fits(columns - 1):  # the first column is the background
            return self.labels.fitted(columns - 1, "")
        return self.labels.fitted(columns, f"the detector gives {columns} scores")

    def _scores_reason(self, scores: str) -> str:
        if self.attributes.kind is not None:
            return "declared as kind"
        if scores in self.names:
            return f"its output {scores} is named probability"
        return require_scores(scores, self.all_names(scores), self.samples, len(self.labels))

    def _check_trial(self, detector: Detector, *, is_declared: bool) -> None:
        """Refuse a detector whose boxes are mostly not in the picture: their numbers mean something else.

        A class without a label in the trial run is warned of.

        Raises:
            ModelError: when they are, unless what decodes them is declared, which only warns.
        """
        highest = detector.highest_class(self.samples, self.evidence.size)
        if detector.labels and highest >= len(detector.labels):
            logger.warning(
                "service %s: there are %d labels, but the trial run has class %d, counted from 0; what has no label is "
                "named by its number",
                self.service,
                len(detector.labels),
                highest,
            )
        share = detector.share_outside(self.samples, self.evidence.size)
        if share <= _MOST_OUTSIDE:
            return
        message = (
            f"{share:.0%} of the boxes of the trial run are not in the picture of {self.evidence.size[0]}x"
            f"{self.evidence.size[1]}, so their numbers mean something else, such as pixels of another size"
        )
        if not is_declared:
            raise ModelError(
                f"{message}; declare head, or export the model with boxes in fractions or pixels of its input"
            )
        logger.warning("service %s: %s", self.service, message)

    def _boxes_reason(self, location: str) -> str:
        attributes = self.attributes
        if attributes.head in (NONE, FINISHED):
            return f"declared as head: {attributes.head}"
        if "location" in attributes.remap_output_names.values():
            return "declared in remap_output_names"
        return ""

    def _order(self, layout: TensorLayout) -> tuple[tuple[int, ...], str]:
        """Return the side at each position of a box with the reason; empty if nothing shows it."""
        metadata, name = self.runtime.metadata, layout.location.casefold()
        if self.attributes.xmin_ymin_xmax_ymax_order is not None:
            return self.attributes.xmin_ymin_xmax_ymax_order, "declared as xmin_ymin_xmax_ymax_order"
        if metadata.box_order:
            return metadata.box_order, "the model file says so"
        if any(word in name for word in (*self._tensorflow_names, _TENSORFLOW_CALL)):
            return DEFAULT_ORDER, "the output is named as TensorFlow's detectors name it, which give this order"
        for order, word in ((X_FIRST, "xyxy"), (DEFAULT_ORDER, "yxyx")):
            if word in name:
                return order, f"the output is named {layout.location}"
        seen = shown_order(layout, self.samples, self.evidence.size)
        if seen is not None:
            return seen, "in the other order, boxes of the trial run would reach far beyond the input"
        if metadata.producer.casefold() == _PYTORCH:
            return X_FIRST, "PyTorch wrote the file, whose detectors give x first"
        if self.plain.channels_first:
            return (), ""
        return DEFAULT_ORDER, "most finished detectors give this order; if not, declare xmin_ymin_xmax_ymax_order"

    @property
    def _tensorflow_names(self) -> tuple[str, ...]:
        """What the names of the boxes of TensorFlow's detectors contain; TensorRT's have one of them, too."""
        return ("tflite_detection",) if self.plain.channels_first else ("tflite_detection", "detection_boxes")

    def _activation_reason(self, otherwise: str) -> str:
        return otherwise if self.attributes.activation == AUTO else "declared as activation"

    def _columns(self, layout: TensorLayout) -> int:
        """Return the number of scores of each box."""
        boxes = self.samples[0][layout.location].size // 4
        return int(self.samples[0][layout.score].size) // max(boxes, 1)

    def _suppression(self, *, has_columns: bool) -> NonMaxSuppression | None:
        """Return the suppression of overlapping boxes; those with a score per label have had none yet."""
        attributes = self.attributes
        if attributes.iou_threshold is None and attributes.max_detections is None and not has_columns:
            return None
        usual, most = (_IOU_THRESHOLD, _HEAD_MAX_DETECTIONS) if has_columns else (1.0, 1000)
        iou_threshold = usual if attributes.iou_threshold is None else attributes.iou_threshold
        return NonMaxSuppression(iou_threshold, attributes.max_detections or most)


def _warn_of_assumed_range(picture: PictureInput, service: str) -> None:
    """Warn of a model from PyTorch, by its layout, whose range nothing shows: there, the usual one is ImageNet's."""
    if not picture.is_assumed or not picture.channels_first:
        return
    usual = "what it was trained with"
    if picture.channels > 1:
        usual = "what it was trained with, such as ImageNet's [0.485, 0.456, 0.406] and [0.229, 0.224, 0.225]"
    logger.warning(
        "service %s: nothing shows which range of colors the model takes, so it gets -1 to 1: declare "
        "input_image_mean_value and input_image_std_dev, %s; [0.5, 0.5, 0.5] for both confirms -1 to 1",
        service,
        usual,
    )


def _check_normalisation(picture: PictureInput, attributes: MlModelAttributes, service: str) -> None:
    """Refuse a declared normalisation for pixels from 0 to 255; warn where the input takes pixels as they are.

    Raises:
        ModelError: when mean or deviation are no fractions of 255.
    """
    keys = ("input_image_mean_value", "input_image_std_dev")
    declared_keys = [key for key in keys if getattr(attributes, key) is not None]
    if len(declared_keys) == 1 and picture.normalised:
        logger.warning("service %s: only %s is declared of %s", service, *declared_keys, " and ".join(keys))
    for key in keys:
        declared: tuple[float, ...] | None = getattr(attributes, key)
        if declared is None or max(map(abs, declared)) <= _MOST_FRACTION:
            continue
        message = (
            f"{key} is {list(declared)}, but applies to pixel values from 0 to 1; in fractions of 255 it is "
            f"{[round(value / 255, 4) for value in declared]}"
        )
        if picture.normalised:
            raise ModelError(message)
        logger.warning("service %s: %s; ignored, since the model takes the pixels as bytes", service, message)
