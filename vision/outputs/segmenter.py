"""Reading the answer of a segmenter: for every pixel which label it has, in one of several forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox, Segmentation, as_mask

from ..runtimes import LabelsError, Tensor
from .scores import Thresholds, sigmoid, softmax

FOREGROUND = "foreground"
_BACKGROUND = "background"
_NEAR = 0.01  # a quantised probability may leave 0 to 1 by a step
_INSIDE = 0.5  # probability from which a pixel of a single channel belongs to it
_MOST_ASKED = 4096  # pixels of a label whose probabilities are averaged: all of them would take as long as the model
_SAME_SHAPE = 0.02  # difference of the two sides' shares of the input's

Array = NDArray[Any]
Samples = Sequence[Mapping[str, Tensor]]


class Form(StrEnum):
    """What an output holds for each pixel."""

    PLANES_LAST = "a score per label, [1, height, width, labels]"
    PLANES_FIRST = "a score per label, [1, labels, height, width]"
    NUMBERS = "the number of its label"
    MASK = "whether it belongs to the one label there is"


@dataclass(frozen=True)
class PixelMap:
    """The output of a segmenter: its name in the model, and what it holds."""

    output: str
    form: Form


def find_map(samples: Samples, size: tuple[int, int], labels: int) -> PixelMap | None:
    """Return the first output that has the shape of the input's picture, ``None`` when none has.

    Args:
        samples: What the model gave for a few pictures.
        size: Width and height of its input.
        labels: How many labels there are; 0 when that is not known.
    """
    for name in samples[0]:
        form = _form([sample[name] for sample in samples], size, labels)
        if form is not None:
            return PixelMap(name, form)
    return None


def _form(arrays: Sequence[Tensor], size: tuple[int, int], labels: int) -> Form | None:
    shape = arrays[0].shape
    if len(shape) not in (3, 4) or shape[0] != 1:
        return None
    sides = [side for side in shape[1:] if side > 1]
    if len(sides) == 2 and (len(shape) == 3 or 1 in (shape[1], shape[3])):
        return _single(arrays) if _is_picture(sides, size) else None
    if len(shape) == 3:
        return None
    last, first = _is_picture(shape[1:3], size), _is_picture(shape[2:], size)
    if last and first:  # a square: the labels' side is as long as there are labels, else the shortest
        counts = [shape[3] in (labels, labels + 1), shape[1] in (labels, labels + 1)]
        last = counts[0] if labels and counts[0] != counts[1] else shape[3] <= shape[1]
    return Form.PLANES_LAST if last else Form.PLANES_FIRST if first else None


def _single(arrays: Sequence[Tensor]) -> Form:
    if np.issubdtype(arrays[0].dtype, np.integer):
        return Form.NUMBERS
    whole = all(bool(np.all(array == np.round(array))) for array in arrays)
    positive = all(bool(np.all(array >= 0)) for array in arrays)
    return Form.NUMBERS if whole and positive and any(bool(np.any(array > 1)) for array in arrays) else Form.MASK


def _is_picture(sides: Sequence[int], size: tuple[int, int]) -> bool:
    return min(sides) > 1 and abs(sides[0] / size[1] - sides[1] / size[0]) < _SAME_SHAPE


class Segmenter:
    """Turns a segmenter's output into a mask for each label that has pixels, at the size of the output.

    The background is a label like any other, listed where the model has one: whoever wants less of it names the labels
    that are wanted. The confidence of a label is the mean probability of its pixels; 1 where the model gives numbers
    of labels only.

    Args:
        found: The output, and what it holds.
        labels: By number; empty names them by their number, the label of a single channel ``foreground``.
        thresholds: The lowest confidence that each label needs.
        samples: What the model gave for a few pictures: they tell probabilities from scores that are none yet.

    Attributes:
        labels: The labels, by number.
        dropped: How many masks with scores that are no numbers have been dropped.
        unknown: How many masks had a number without a label.
    """

    def __init__(self, found: PixelMap, labels: Sequence[str], thresholds: Thresholds, samples: Samples) -> None:
        self.dropped = 0
        self.unknown = 0
        self._found = found
        self._minimums = thresholds
        arrays = [_real(sample[found.output]) for sample in samples]
        self.labels = _fitting(tuple(labels), found.form, self._planes(arrays[0]).shape[-1])
        self._is_open_ended = any(self._leaves_probabilities(array) for array in arrays)

    def postprocess(self, outputs: Mapping[str, Tensor], window: BoundingBox) -> tuple[Segmentation, ...]:
        """Return the masks over the picture, the one that covers most first.

        Args:
            outputs: What the model gave.
            window: Where in the input the picture is, as fractions.
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
        """Return the output as (height, width, labels), or with one number in place of the labels."""
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
        is_numbers = self._found.form is Form.NUMBERS
        numbers = planes[..., 0].astype(np.int64) if is_numbers else planes.argmax(axis=-1)
        for number in _present(numbers):
            members = numbers == number
            confidence = 1.0 if is_numbers else self._mean_probability(planes, members, number)
            if np.isfinite(confidence):
                yield Segmentation(self._label(number), confidence, mask=as_mask(members))
            else:
                self.dropped += 1

    def _foreground(self, values: Array) -> Iterator[Segmentation]:
        probabilities = sigmoid(values.astype(np.float32)) if self._is_open_ended else values
        members = probabilities >= _INSIDE
        if members.any():
            confidence = min(float(probabilities[members].mean()), 1.0)
            yield Segmentation(self.labels[0], confidence, mask=as_mask(members))

    def _mean_probability(self, planes: Array, members: NDArray[np.bool_], number: int) -> float:
        places = np.flatnonzero(members)
        rows, columns = np.unravel_index(places[:: -(-len(places) // _MOST_ASKED)], members.shape)
        scores = planes[rows, columns].astype(np.float64)
        if self._is_open_ended:
            scores = softmax(scores)
        return min(float(scores[:, number].mean()), 1.0)

    def _label(self, number: int) -> str:
        if not self.labels:
            return str(number)
        if 0 <= number < len(self.labels):
            return self.labels[number]
        self.unknown += 1
        return f"class {number}"

    def _leaves_probabilities(self, array: Array) -> bool:
        """Return whether values are scores that are no probabilities yet."""
        if self._found.form is Form.NUMBERS:
            return False
        values = self._planes(array)
        if values.min() < -_NEAR or values.max() > 1 + _NEAR:
            return True
        return self._found.form is not Form.MASK and bool(np.abs(values.sum(axis=-1) - 1).mean() > 0.05)


def _fitting(labels: tuple[str, ...], form: Form, planes: int) -> tuple[str, ...]:
    """Return the labels by number, for as many planes as there are."""
    if form is Form.NUMBERS:
        return labels
    if form is Form.MASK:
        named = [label for label in labels if label.casefold() != _BACKGROUND]
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
    """Return probabilities that come as bytes without a scale as fractions; anything else as it is."""
    is_planes = array.ndim == 4 and array.shape[1] > 1 and array.shape[3] > 1
    return array.astype(np.float32) / 255.0 if array.dtype == np.uint8 and is_planes else array
