"""Post-processing of segmenters: the label of every pixel, in one of several forms."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox, Segmentation, as_mask

from ..runtimes import UNUSED, Ending, LabelsError, ModelError, Tensor
from .scores import AUTO, NO_ACTIVATION, SIGMOID, SOFTMAX, Thresholds, sigmoid, softmax

logger = logging.getLogger(__name__)

FOREGROUND = "foreground"
_BACKGROUND = "background"
_AUXILIARY = "aux"
_NEAR = 0.01  # a quantised probability may exceed 0 to 1 by a step
_BYTE, _LEAST_BYTES = 255, 101.0  # the highest value of a byte, and of bytes in a trial run; percentages are lower
_INSIDE = 0.5  # lowest probability of a foreground pixel
_MAX_AVERAGED = 4096  # pixels per label whose probabilities are averaged; all would take as long as the inference
_KNOWN_COUNTS = (19, 20, 21, 59, 60, 133, 150, 151, 171, 182)  # Cityscapes, LIP, Pascal VOC, Pascal context, ADE, COCO
_NAMES = ("seg", "mask", "matte", "matting", "alpha", "salien", "foreground", "argmax", "semantic", "category")
_DEPTH_NAMES = ("depth", "disparit", "inverse_dist")
_MAX_UNNAMED_CLASSES = 1000
_SHAPE_TOLERANCE = 0.02  # of a side
_LEAST_ROUNDED = 8  # shortest side of a map that may be rounded to the next pixel

Array = NDArray[Any]
Samples = Sequence[Mapping[str, Tensor]]


class Form(StrEnum):
    """The value that an output has for each pixel."""

    PLANES_LAST = "a score per label, [1, height, width, labels]"
    PLANES_FIRST = "a score per label, [1, labels, height, width]"
    CLASS_NUMBERS = "the number of its class"
    MASK = "whether it belongs to the one label there is"


@dataclass(frozen=True)
class PixelMap:
    """The output of a segmenter: its name in the model, and the form of its values."""

    output: str
    form: Form


def find_map(samples: Samples, size: tuple[int, int], labels: int, *, channels_first: bool = False) -> PixelMap | None:
    """Return the output with the aspect ratio of the input, ``None`` if there is none.

    Of several, it is one with as many planes as there are labels, else the first. An auxiliary output, which only
    helps in training, is taken if there is no other.

    Args:
        samples: The outputs for a few sample pictures.
        size: Width and height of the model's input.
        labels: Number of labels; 0 if unknown.
        channels_first: Whether the channels of the input come first; then those of an output may, too.

    Raises:
        ModelError: when several outputs have the planes, so that nothing says which one is meant.
    """
    forms = {name: _form([sample[name] for sample in samples], size, labels, channels_first) for name in samples[0]}
    maps = [PixelMap(name, form) for name, form in forms.items() if form is not None]
    maps = [found for found in maps if _AUXILIARY not in found.output.casefold()] or maps
    counts = {found.output: count_planes(found, samples) for found in maps}
    if labels > 1:
        maps = [found for found in maps if counts[found.output] in (labels, labels + 1)] or maps
    if not maps:
        return None
    count = counts[maps[0].output]
    same = [found.output for found in maps if counts[found.output] == count]
    if count > 1 and not _agree([found for found in maps if found.output in same], samples):
        raise ModelError(
            f"its outputs {', '.join(same)} all have the shape of the picture and {count} planes, so that nothing says "
            "which one is the result; export the model without the others, as in training they are auxiliary"
        )
    return maps[0]


def _agree(maps: Sequence[PixelMap], samples: Samples) -> bool:
    """Return whether outputs give each pixel the same class in a trial run, as logits and their softmax do."""
    best = [
        [
            np.asarray(sample[found.output]).argmax(axis=1 if found.form is Form.PLANES_FIRST else -1)
            for sample in samples
        ]
        for found in maps
    ]
    return all(np.array_equal(*pair) for other in best[1:] for pair in zip(other, best[0], strict=True))


def require_classes(found: PixelMap, names: Sequence[str], samples: Samples, labels: int, task: str = "") -> str:
    """Return why a map of the picture's shape is a segmentation, not another picture, a depth map or raw boxes.

    Args:
        found: The map.
        names: All names of its output.
        samples: The outputs for a few sample pictures.
        labels: Number of labels; 0 if unknown.
        task: What the model was trained for, as the model file says.

    Raises:
        ModelError: when nothing says that it holds classes.
    """
    arrays = [_real(np.asarray(sample[found.output])) for sample in samples]
    shape, name = list(arrays[0].shape), " ".join(names).casefold()
    planes = count_planes(found, samples)
    start = f"its output {found.output} {shape} has the shape of the picture"
    if any(word in name or word in task for word in _DEPTH_NAMES):
        raise ModelError(f"its output {found.output} {shape} is a depth map by its name; camweave has no use for one")
    if any(word in name or word in task for word in _NAMES):
        return f"{start}, and its name says that it holds classes"
    if labels and planes in (1, labels, labels + 1):
        return (
            f"{start}, and {planes} planes, which fits the {labels} labels" if planes > 1 else f"{start}, with labels"
        )
    if found.form is Form.CLASS_NUMBERS:
        most = max(float(np.max(array)) for array in arrays)
        if labels or most < _MAX_UNNAMED_CLASSES:
            return f"{start}, and holds whole numbers up to {most:g}"
        raise ModelError(f"{start}, but its whole numbers, up to {most:g}, are no class numbers")
    if found.form is Form.MASK:
        raise ModelError(
            f"{start}, but may be a mask or a depth map; for a mask, set label_path or declare kind: segmentations"
        )
    if labels:
        raise LabelsError(f"there are {labels} labels but the segmenter gives {planes} planes")
    if planes in _KNOWN_COUNTS:
        return f"{start}, and {planes} planes, as many as a usual list of classes has"
    if all(_are_distributions(array, found.form) for array in arrays):
        return f"{start}, and its {planes} planes sum to 1 in each pixel"
    raise ModelError(
        f"{start}, but nothing says that its {planes} planes are classes; if they are, set label_path or declare kind: "
        "segmentations; for a detector with raw outputs, declare its head"
    )


def highest_class(found: PixelMap, samples: Samples) -> int:
    """Return the highest class number of a trial run."""
    return max(int(np.max(sample[found.output])) for sample in samples)


def count_planes(found: PixelMap, samples: Samples) -> int:
    """Return the number of planes with a score per pixel; 1 for a map of class numbers or a mask."""
    if found.form in (Form.CLASS_NUMBERS, Form.MASK):
        return 1
    return _count(np.asarray(samples[0][found.output]), found.form)


def _count(array: Array, form: Form) -> int:
    return int(array.shape[1] if form is Form.PLANES_FIRST else array.shape[-1])


def _are_distributions(array: Array, form: Form) -> bool:
    sums = array.astype(np.float32).sum(axis=1 if form is Form.PLANES_FIRST else -1)
    return bool(array.min() >= -_NEAR and np.abs(sums - 1).max() <= 0.05)


def _form(arrays: Sequence[Tensor], size: tuple[int, int], labels: int, channels_first: bool) -> Form | None:
    shape = arrays[0].shape
    if len(shape) not in (3, 4) or shape[0] != 1:
        return None
    sides = [side for side in shape[1:] if side > 1]
    if len(sides) == 2 and (len(shape) == 3 or 1 in (shape[1], shape[3])):
        return _single(arrays, labels) if _is_picture(sides, size) else None
    if len(shape) == 3:
        return None
    last, first = _is_picture(shape[1:3], size), _is_picture(shape[2:], size)
    if last and first:  # the axis of the labels is as long as there are labels, else where the input has its channels
        counts = [shape[3] in (labels, labels + 1), shape[1] in (labels, labels + 1)]
        last = counts[0] if labels and counts[0] != counts[1] else not channels_first
    return Form.PLANES_LAST if last else Form.PLANES_FIRST if first else None


def _single(arrays: Sequence[Tensor], labels: int) -> Form:
    seen = set(np.unique(np.concatenate([np.unique(array) for array in arrays])[:3]).tolist())
    if (seen <= {0, _BYTE} and _BYTE in seen) or (seen <= {0, 1} and labels == 1):
        return Form.MASK  # one label, with bytes for nothing and all
    if np.issubdtype(arrays[0].dtype, np.integer) or (seen == {0, 1} and labels > 1):
        return Form.CLASS_NUMBERS
    whole = all(bool(np.all(array == np.round(array))) for array in arrays)
    positive = all(bool(np.all(array >= 0)) for array in arrays)
    return Form.CLASS_NUMBERS if whole and positive and any(bool(np.any(array > 1)) for array in arrays) else Form.MASK


def _is_picture(sides: Sequence[int], size: tuple[int, int]) -> bool:
    wanted = sides[0] * size[0] / size[1]
    step = 1.0 if min(sides) >= _LEAST_ROUNDED else 0.0
    return min(sides) > 1 and abs(wanted - sides[1]) <= max(_SHAPE_TOLERANCE * sides[1], step)


class Segmenter:
    """Converts a segmenter's output to one mask per label that has pixels, at the size of the output.

    The background is a label like any other; to leave it out, clients filter by label. The confidence of a mask is the
    mean probability of its pixels; 1 if the model outputs class numbers only. Scores that need a sigmoid, or are from 0
    to 1 but with other sums than 1, are independent: a pixel may have several labels, or none.

    Args:
        found: The output and its form.
        labels: Labels by class number; empty labels classes by their number, and a single channel ``foreground``.
        thresholds: Lowest confidence of each label.
        samples: The outputs for a few sample pictures, which show whether scores are probabilities or logits.
        activation: The declared activation, in place of what the samples show; ``auto`` if none is declared.
        ending: The model's last calculation of the output, if it is known.

    Attributes:
        activation: What is applied to the scores: ``softmax``, ``sigmoid`` or ``none``.
        labels: The labels, by class number.
        dropped: Number of masks dropped because their scores were not finite.
        unknown: Number of masks whose class number has no label.

    Raises:
        LabelsError: when the number of labels differs from the number of planes.
        ModelError: when the declared activation does not suit the form.
    """

    def __init__(
        self,
        found: PixelMap,
        labels: Sequence[str],
        thresholds: Thresholds,
        samples: Samples,
        activation: str = AUTO,
        *,
        ending: Ending | None = None,
    ) -> None:
        self.dropped = 0
        self.unknown = 0
        self._found = found
        self._is_unbounded = ending is not None and ending.is_unbounded
        self._minimums = thresholds
        arrays = [_real(sample[found.output]) for sample in samples]
        self.labels = _fitting(tuple(labels), found.form, self._planes(arrays[0]).shape[-1])
        self.activation = activation
        self._is_independent = activation == SIGMOID and found.form is not Form.MASK
        self._scale = 1.0
        is_depth = ending is Ending.RELU and found.form is Form.MASK
        if (ending is Ending.TANH or is_depth) and activation == AUTO:
            of = "depths" if is_depth else "a picture"
            raise ModelError(
                f"its output {found.output} ends in {ending}, as that of {of} does, so its numbers are no scores; "
                "if they are, declare activation: sigmoid"
            )
        if found.form is Form.CLASS_NUMBERS:
            if activation not in (AUTO, NO_ACTIVATION):
                raise ModelError(
                    f"activation: {activation} has no effect: {found.output} has class numbers, not scores"
                )
            self.activation = NO_ACTIVATION
        elif found.form is Form.MASK and activation in (AUTO, NO_ACTIVATION) and self._has_bytes(arrays):
            self._scale = 1 / _BYTE
            self.activation = NO_ACTIVATION
        elif activation == SOFTMAX and found.form is Form.MASK:
            raise ModelError(f"activation: softmax needs a score per label, but {found.output} has one for each pixel")
        elif activation == AUTO and found.form is not Form.MASK and self._are_independent(arrays):
            self.activation = NO_ACTIVATION
            self._is_independent = True
        elif activation == AUTO:
            usual = SIGMOID if found.form is Form.MASK else SOFTMAX
            self.activation = usual if any(self._has_logits(array) for array in arrays) else NO_ACTIVATION

    def postprocess(self, outputs: Mapping[str, Tensor], window: BoundingBox) -> tuple[Segmentation, ...]:
        """Return the masks of the picture, largest area first.

        Args:
            outputs: The outputs of the model.
            window: Area of the picture in the input, in fractions.
        """
        planes = self._planes(_real(outputs[self._found.output]))
        height, width = planes.shape[:2]
        planes = planes[
            round(window.y_min * height) : round(window.y_max * height),
            round(window.x_min * width) : round(window.x_max * width),
        ]
        found = (item for item in self._masks(planes) if item.confidence >= self._minimums[item.label])
        return tuple(sorted(found, key=lambda item: -item.coverage))

    def _planes(self, array: Array) -> Array:
        """Return the output as (height, width, labels), or (height, width, 1) for class numbers and masks."""
        plane: Array = array[0]
        if self._found.form is Form.PLANES_FIRST:
            return np.moveaxis(plane, 0, -1)
        if self._found.form is Form.PLANES_LAST:
            return plane
        return plane.reshape(*(side for side in plane.shape if side > 1), 1)

    def _masks(self, planes: Array) -> Iterator[Segmentation]:
        if self._found.form is Form.MASK:
            yield from self._foreground(planes[..., 0])
            return
        if self._is_independent:
            yield from self._independent(planes)
            return
        is_numbers = self._found.form is Form.CLASS_NUMBERS
        numbers = planes[..., 0].astype(np.int64) if is_numbers else planes.argmax(axis=-1)
        for number in _present(numbers):
            members = numbers == number
            confidence = 1.0 if is_numbers else self._mean_probability(planes, members, number)
            if np.isfinite(confidence):
                yield Segmentation(self._label(number), confidence, mask=as_mask(members))
            else:
                self.dropped += 1

    def _foreground(self, values: Array) -> Iterator[Segmentation]:
        probabilities = values * self._scale if self.activation == NO_ACTIVATION else sigmoid(values.astype(np.float32))
        members = probabilities >= _INSIDE
        if members.any():
            confidence = min(float(probabilities[members].mean()), 1.0)
            yield Segmentation(self.labels[0], confidence, mask=as_mask(members))

    def _independent(self, planes: Array) -> Iterator[Segmentation]:
        """Yield a mask for each plane with pixels that are likely; a pixel may be in several, or in none."""
        scores = planes.astype(np.float32)
        scores = sigmoid(scores) if self.activation == SIGMOID else scores
        for number in range(scores.shape[-1]):
            plane = scores[..., number]
            members = plane >= _INSIDE
            if members.any():
                yield Segmentation(self._label(number), min(float(plane[members].mean()), 1.0), mask=as_mask(members))

    def _are_independent(self, arrays: Sequence[Array]) -> bool:
        """Return whether each plane has probabilities of its own: all from 0 to 1, but with other sums than 1."""
        if self._found.form is Form.CLASS_NUMBERS or self._is_unbounded:
            return False
        planes = [self._planes(array) for array in arrays]
        is_inside = all(values.min() >= -_NEAR and values.max() <= 1 + _NEAR for values in planes)
        return is_inside and any(float(np.abs(values.sum(axis=-1) - 1).mean()) > 0.05 for values in planes)

    def _mean_probability(self, planes: Array, members: NDArray[np.bool_], number: int) -> float:
        places = np.flatnonzero(members)
        rows, columns = np.unravel_index(places[:: -(-len(places) // _MAX_AVERAGED)], members.shape)
        scores = planes[rows, columns].astype(np.float64)
        if self.activation == SOFTMAX:
            scores = softmax(scores)
        elif self.activation == SIGMOID:
            scores = sigmoid(scores)
        return min(float(scores[:, number].mean()), 1.0)

    def _label(self, number: int) -> str:
        if not self.labels:
            return str(number)
        if 0 <= number < len(self.labels) and self.labels[number] != UNUSED:
            return self.labels[number]
        self.unknown += 1
        if self.unknown == 1:
            logger.warning(
                "the segmenter gives class %d, which has no label among its %d; labelling such masks 'class N'",
                number,
                len(self.labels),
            )
        return f"class {number}"

    def _has_bytes(self, arrays: Sequence[Array]) -> bool:
        """Return whether a mask has values from 0 to 255.

        Raises:
            ModelError: when it has others that are no scores, such as depths. Logits are negative somewhere.
        """
        lowest, highest = min(float(array.min()) for array in arrays), max(float(array.max()) for array in arrays)
        if lowest < 0.0 or highest <= 1 + _NEAR:
            return False
        if _LEAST_BYTES < highest <= _BYTE + _INSIDE:
            return True
        raise ModelError(
            f"its output {self._found.output} is no mask: its values are neither probabilities nor logits, from "
            f"{lowest:.4g} to {highest:.4g} in the trial run; if they are logits, declare activation: sigmoid"
        )

    def _has_logits(self, array: Array) -> bool:
        """Return whether scores are logits, not probabilities."""
        if self._found.form is Form.CLASS_NUMBERS:
            return False
        if self._is_unbounded:
            return True
        values = self._planes(array)
        if values.min() < -_NEAR or values.max() > 1 + _NEAR:
            return True
        return self._found.form is not Form.MASK and bool(np.abs(values.sum(axis=-1) - 1).mean() > 0.05)


def _fitting(labels: tuple[str, ...], form: Form, planes: int) -> tuple[str, ...]:
    """Return the labels by class number, with the background added if it has a plane but no label."""
    if form is Form.CLASS_NUMBERS:
        return labels
    if form is Form.MASK:
        named = [label for label in labels if label.casefold() != _BACKGROUND]
        if len(named) > 1:
            raise LabelsError(f"there are {len(named)} labels but the segmenter gives one plane, of one label")
        return (*named[:1], *([] if named else [FOREGROUND]))
    if len(labels) == planes - 1:
        return (_BACKGROUND, *labels) if labels else labels
    if labels and len(labels) != planes:
        raise LabelsError(f"there are {len(labels)} labels but the segmenter gives {planes} planes")
    return labels


def _present(numbers: NDArray[np.int64]) -> list[int]:
    if numbers.size == 0:
        return []
    if 0 <= numbers.min() and numbers.max() < 65536:
        return [int(number) for number in np.flatnonzero(np.bincount(numbers.reshape(-1)))]
    return [int(number) for number in np.unique(numbers)]


def _real(array: Tensor) -> Array:
    """Return unscaled byte probabilities as fractions, any other array unchanged."""
    is_planes = array.ndim == 4 and array.shape[1] > 1 and array.shape[3] > 1
    return array.astype(np.float32) / 255.0 if array.dtype == np.uint8 and is_planes else array
