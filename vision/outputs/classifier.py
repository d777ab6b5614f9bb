"""Post-processing of classifiers: one score per label for the whole picture."""

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
_NEAR = 0.01  # a quantised probability may exceed 1 by a step
_SETTERS = {field.name: getattr(Classification, field.name).__set__ for field in fields(Classification)}


def find_scores(names: Mapping[str, str], samples: Sequence[Mapping[str, Tensor]]) -> str | None:
    """Return the output with a classifier's scores, ``None`` if there is none.

    It is the output named ``probability``, else the only output.

    Args:
        names: Standard name by output, for the outputs that have one.
        samples: The outputs for a few sample pictures.

    Raises:
        ModelError: when the output of that name cannot be one score per label.
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
        raise ModelError(f"output {output} {list(shape)} is named probability; its shape must be [1, labels]")
    return None


class Classifier:
    """Converts a classifier's scores to classifications.

    Args:
        info: The output with the scores.
        labels: One label per score, in the order of the model; empty labels scores by their index.
        thresholds: Lowest confidence of each label.
        samples: The outputs for a few sample pictures. If any score is outside 0 to 1, all scores of the model go
            through softmax (a single score through a sigmoid), even where all of a picture are inside by chance.

    Attributes:
        dropped: Number of scores dropped because they were not finite.

    Raises:
        LabelsError: when the number of labels differs from the number of scores.
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
        self._is_unnormalised = any(_exceeds_unit_range(self._scores(sample)) for sample in samples)
        self.dropped = 0

    def postprocess(self, outputs: Mapping[str, Tensor]) -> tuple[Classification, ...]:
        """Return the labels with their confidences, highest first; equal ones keep the order of the model."""
        scores = self._scores(outputs)
        finite = np.isfinite(scores)
        self.dropped += int(scores.size - finite.sum())
        numbers = np.flatnonzero(finite)
        scores = scores[numbers]
        self._is_unnormalised = self._is_unnormalised or _exceeds_unit_range(scores)
        confidences = (_distribution(scores) if self._is_unnormalised else scores).clip(0.0, 1.0)
        order = np.argsort(-confidences, kind="stable")
        order = order[confidences[order] >= self._minimums[numbers[order]]]
        return _classifications(
            [self.labels[number] for number in numbers[order].tolist()], confidences[order].tolist()
        )

    def _scores(self, outputs: Mapping[str, Tensor]) -> NDArray[np.float64]:
        array = outputs[self._info.name].reshape(-1)
        scores = array.astype(np.float64)
        if array.dtype == np.uint8:  # quantised, but without a scale in the model
            return scores / 255.0
        if array.dtype == np.int8:
            return (scores + 128.0) / 255.0
        return scores


def _classifications(labels: Sequence[str], confidences: Sequence[float]) -> tuple[Classification, ...]:
    """Return the classifications, built column by column.

    A model of a thousand labels returns a thousand per picture. Calling the constructor of a frozen dataclass for each,
    which sets every field by a call of its own, would take longer than the inference of a small model.
    """
    made = tuple(map(Classification.__new__, repeat(Classification, len(labels))))
    columns = {"label": labels, "confidence": confidences}
    for field in fields(Classification):
        values = columns.get(field.name) or repeat(field.default)
        deque(map(_SETTERS[field.name], made, values), maxlen=0)
    return made


def _exceeds_unit_range(scores: NDArray[np.float64]) -> bool:
    finite = scores[np.isfinite(scores)]
    return bool(finite.size) and bool(finite.min() < -_NEAR or finite.max() > 1.0 + _NEAR)


def _distribution(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    if scores.size == 0:
        return scores
    return sigmoid(scores) if scores.size == 1 else softmax(scores)
