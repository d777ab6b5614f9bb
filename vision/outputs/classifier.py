"""Reading the answer of a classifier: one score per label for the whole picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from cameras import Classification

from ..runtimes import LabelsError, ModelError, Tensor, TensorInfo
from .scores import Thresholds, sigmoid, softmax

PROBABILITY = "probability"
_NEAR = 0.01  # a quantised probability may pass 1 by a step
_SETTERS = {field.name: getattr(Classification, field.name).__set__ for field in fields(Classification)}


def find_scores(names: Mapping[str, str], samples: Sequence[Mapping[str, Tensor]]) -> str | None:
    """Return the output that holds a classifier's scores, ``None`` when there is none.

    It is the one that is called ``probability``, else the only one there is.

    Args:
        names: Expected name by output, for the outputs that have one.
        samples: What the model gave for a few pictures.

    Raises:
        ModelError: when an output is called so but cannot be one score per label.
    """
    outputs = samples[0]
    named = next((output for output, name in names.items() if name == PROBABILITY), None)
    output = named or (next(iter(outputs)) if len(outputs) == 1 else None)
    if output is None:
        return None
    shape = outputs[output].shape
    if outputs[output].size > 0 and sum(size > 1 for size in shape) <= 1:
        return output
    if named:
        raise ModelError(f"output {output} {list(shape)} is called probability; a shape like [1, labels] is wanted")
    return None


class Classifier:
    """Turns a classifier's scores into classifications.

    Args:
        info: The output that holds the scores.
        labels: One per score, in the order of the model; empty names them by their number. Others are refused.
        thresholds: The lowest confidence that each label needs.
        samples: What the model gave for a few pictures: when one of them has a score outside 0 to 1, then all its
            scores are put through softmax (a single one through a sigmoid), also where by chance none is outside.

    Attributes:
        dropped: How many scores that were no number have been dropped.
    """

    def __init__(
        self,
        info: TensorInfo,
        labels: Sequence[str],
        thresholds: Thresholds,
        samples: Sequence[Mapping[str, Tensor]],
    ) -> None:
        self._info = info
        count = samples[0][info.name].size
        if labels and len(labels) != count:
            raise LabelsError(f"there are {len(labels)} labels but the classifier gives {count} scores")
        self.labels = tuple(labels) or tuple(str(number) for number in range(count))
        self._minimums = thresholds.of(self.labels)
        self._is_open_ended = any(_leaves_unit(self._scores(sample)) for sample in samples)
        self.dropped = 0

    def postprocess(self, outputs: Mapping[str, Tensor]) -> tuple[Classification, ...]:
        """Return every label with its confidence, highest first, equal ones in the order of the model."""
        scores = self._scores(outputs)
        finite = np.isfinite(scores)
        self.dropped += int(scores.size - finite.sum())
        numbers = np.flatnonzero(finite)
        scores = scores[numbers]
        self._is_open_ended = self._is_open_ended or _leaves_unit(scores)
        confidences = (_distribution(scores) if self._is_open_ended else scores).clip(0.0, 1.0)
        order = np.argsort(-confidences, kind="stable")
        order = order[confidences[order] >= self._minimums[numbers[order]]]
        return _made([self.labels[number] for number in numbers[order].tolist()], confidences[order].tolist())

    def _scores(self, outputs: Mapping[str, Tensor]) -> NDArray[np.float64]:
        array = outputs[self._info.name].reshape(-1)
        scores = array.astype(np.float64)
        if array.dtype == np.uint8:  # not quantised, as far as the model says
            return scores / 255.0
        if array.dtype == np.int8:
            return (scores + 128.0) / 255.0
        return scores


def _made(labels: Sequence[str], confidences: Sequence[float]) -> tuple[Classification, ...]:
    """Return the classifications, made column by column.

    A model of a thousand labels gives a thousand for each picture, and the constructor of a frozen class, which sets
    each field by a call of its own, takes longer for them than a small model.
    """
    made = tuple(map(Classification.__new__, repeat(Classification, len(labels))))
    columns = {"label": labels, "confidence": confidences}
    for field in fields(Classification):
        values = columns.get(field.name) or repeat(field.default)
        deque(map(_SETTERS[field.name], made, values), maxlen=0)
    return made


def _leaves_unit(scores: NDArray[np.float64]) -> bool:
    finite = scores[np.isfinite(scores)]
    return bool(finite.size) and bool(finite.min() < -_NEAR or finite.max() > 1.0 + _NEAR)


def _distribution(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    if scores.size == 0:
        return scores
    return sigmoid(scores) if scores.size == 1 else softmax(scores)
