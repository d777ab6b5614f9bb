"""Post-processing of classifiers: one score per label for the whole picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from cameras import Classification

from ..runtimes import UNUSED, Ending, LabelsError, ModelError, ScoreCalibration, Tensor, TensorInfo, is_background
from .scores import AUTO, NO_ACTIVATION, SIGMOID, SOFTMAX, Calibration, Thresholds, sigmoid, softmax

PROBABILITY = "probability"
_NEAR = 0.01  # a quantised probability may exceed 1 by a step
_STEP, _MOST_ROUNDED = 0.002, 0.25
_ZERO = 1e-6  # no probability is lower
_LOGITS = "logit"  # part of the names of outputs that are none, even if a sample's happen to be between 0 and 1
_VECTOR_LENGTHS = (64, 96, 128, 160, 192, 256, 320, 384, 512, 576, 640, 768, 960, 1024, 1280, 1408, 1536, 2048, 2560)
_VECTOR_NAMES = ("embed", "feature", "descriptor", "fingerprint")
_PERCENT = 100.0
_MOST = 1.01
_SCORE_WORDS = ("logits", "probabilit", "softmax")
_SCORE_NAMES = ("prob", "logit", "score", "softmax", "sigmoid", "predict", "class", "categor")
_BACKGROUND = "background"
_IMAGENET = (1000, 1001)  # labels without and scores with the background, as in TensorFlow's models
_SETTERS = {field.name: getattr(Classification, field.name).__set__ for field in fields(Classification)}


Samples = Sequence[Mapping[str, Tensor]]


def find_scores(names: Mapping[str, str], samples: Samples) -> str | None:
    """Return the output with a classifier's scores, ``None`` if there is none.

    It is the output named ``probability``, else the only output, else the only row whose name is a usual one.

    Args:
        names: Standard name by output, for the outputs that have one.
        samples: The outputs for a few sample pictures.

    Raises:
        ModelError: when the output of that name cannot be one score per label.
    """
    outputs = samples[0]
    named = next((output for output, name in names.items() if name == PROBABILITY), None)
    output = named or (next(iter(outputs)) if len(outputs) == 1 else _by_word(outputs))
    if output is None:
        return None
    shape = outputs[output].shape
    if outputs[output].size > 0 and sum(size > 1 for size in shape) <= 1:
        return output
    if named:
        raise ModelError(f"output {output} {list(shape)} is named probability; its shape must be [1, labels]")
    return None


def _by_word(outputs: Mapping[str, Tensor]) -> str | None:
    """Return the only row with a usual name among several outputs, of which none is boxes."""
    if any(array.ndim == 3 and array.shape[2] == 4 for array in outputs.values()):
        return None
    rows = [output for output, array in outputs.items() if array.ndim == 2 and array.shape[0] == 1]
    found = [output for output in rows if any(word in output.casefold() for word in _SCORE_WORDS)]
    return found[0] if len(found) == 1 else None


def require_scores(output: str, names: Sequence[str], samples: Samples, labels: int) -> str:
    """Return why an output is a classifier's scores, not a vector that describes the picture (an embedding).

    Args:
        output: Its name in the model.
        names: All of its names.
        samples: The outputs for a few sample pictures.
        labels: Number of labels; 0 if unknown.

    Raises:
        ModelError: when it is such a vector, or may be one.
    """
    rows = np.stack([np.asarray(sample[output], np.float64).reshape(-1) for sample in samples])
    count, name = rows.shape[1], " ".join(names).casefold()
    if samples[0][output].dtype in (np.int32, np.int64):
        raise ModelError(
            f"its output {output} [1, {count}] has class numbers, not scores; export the model without its argmax"
        )
    if labels:
        return f"its output {output} is one row of {count} scores, and there are labels"
    rounded = min(_NEAR + _STEP * count, _MOST_ROUNDED)  # of a sum of quantised probabilities
    is_distribution = bool(rows.min() >= -_ZERO and np.abs(rows.sum(axis=1) - 1.0).max() < rounded)
    if is_distribution and count > 1:
        return f"its output {output} is one row of {count} numbers with the sum 1, a distribution"
    has_length_one = bool(np.abs(np.linalg.norm(rows, axis=1) - 1.0).max() < _NEAR) and count > 8
    if has_length_one or any(word in name for word in _VECTOR_NAMES):
        raise ModelError(
            f"its output {output} [1, {count}] is an embedding, a vector that describes the picture, not scores; "
            "camweave has no use for one. If it is a classifier's, declare kind: classifications"
        )
    if any(word in name for word in _SCORE_NAMES):
        return f"its output is named {output}, and is one row of {count} numbers"
    is_float = np.issubdtype(samples[0][output].dtype, np.floating)
    if is_float and rows.min() >= 0.0 and rows.max() > _MOST:
        raise ModelError(
            f"its output {output} [1, {count}] is neither probabilities nor logits, from {rows.min():.4g} to "
            f"{rows.max():.4g} in the trial run; if it is a classifier's, set label_path or declare kind: "
            "classifications"
        )
    is_inside = bool(rows.min() >= 0.0 and rows.max() <= _MOST)
    if count > 1 and is_float and is_inside:
        raise ModelError(
            f"its output {output} [1, {count}] may be probabilities or places, all from 0 to 1 but with another sum "
            "than 1; if it is a classifier's, set label_path or declare kind: classifications"
        )
    if count in _VECTOR_LENGTHS:
        raise ModelError(
            f"its output {output} [1, {count}] may be scores or an embedding, a vector that describes the picture; "
            "if it is a classifier's, set label_path, or declare kind: classifications"
        )
    return f"its only output is one row of {count} numbers"


class Classifier:
    """Converts a classifier's scores to classifications.

    Args:
        info: The output with the scores.
        labels: One label per score, in the order of the model; empty labels scores by their index.
        thresholds: Lowest confidence of each label.
        samples: The outputs for a few sample pictures. If any score is outside 0 to 1, all scores of the model go
            through softmax (a single score through a sigmoid), even where all of a picture are inside by chance.
        activation: The declared activation, in place of what the samples show; ``auto`` if none is declared.
        calibration: The calibration in the model file, in place of an activation unless one is declared.
        is_binary: Whether there are two labels, and one score: the probability of the second.
        ending: The model's last calculation of the scores, if it is known.

    Attributes:
        because: Why the activation is as it is.
        dropped: Number of scores dropped because they were not finite.

    Raises:
        LabelsError: when the number of labels differs from the number of scores.
        ModelError: when a softmax is declared for a single score, which it would always turn into 1, or the single
            score may be a quantity, such as an age, and not a logit.
    """

    def __init__(
        self,
        info: TensorInfo,
        labels: Sequence[str],
        thresholds: Thresholds,
        samples: Samples,
        activation: str = AUTO,
        calibration: ScoreCalibration | None = None,
        *,
        is_binary: bool = False,
        ending: Ending | None = None,
    ) -> None:
        self._info = info
        self._is_binary = is_binary
        self._is_single = samples[0][info.name].size == 1
        if activation == SOFTMAX and self._is_single:
            raise ModelError(f"activation: softmax needs several scores, but output {info.name} has one; use sigmoid")
        count = 2 if is_binary else samples[0][info.name].size
        fitting = _fitting(tuple(labels), count) or tuple(map(str, range(count)))
        self.labels = tuple(f"class {number}" if label == UNUSED else label for number, label in enumerate(fitting))
        self._minimums = thresholds.of(self.labels)
        self._declared = activation
        is_used = calibration is not None and activation == AUTO and len(calibration.parameters) == count
        self._calibration = Calibration(calibration) if calibration is not None and is_used else None
        self._divisor = 1.0
        scores = np.stack([self._scores(sample) for sample in samples])
        if scores.min() >= 0.0 and np.abs(scores.sum(axis=1) - _PERCENT).max() <= 1.0:
            self._divisor = _PERCENT
            scores /= _PERCENT
        self._ending = ending
        is_unbounded = ending is not None and ending.is_unbounded
        self._is_unnormalised = is_unbounded or any(map(_exceeds_unit_range, scores)) or self._has_small_logits(scores)
        self._trial = f"{np.nanmin(scores):.4g} to {np.nanmax(scores):.4g}" if np.isfinite(scores).any() else "none"
        self.dropped = 0
        if ending is Ending.TANH and activation == AUTO:
            raise ModelError(
                f"its output {info.name} ends in a tanh, so its numbers are neither probabilities nor logits, but from "
                "-1 to 1: declare activation: none to take those above 0, or sigmoid"
            )
        may_be_quantity = self._is_single and not is_binary and _LOGITS not in info.name.casefold()
        if may_be_quantity and self.activation == SIGMOID and activation == AUTO:
            by = f", made by {ending}" if is_unbounded else ""
            raise ModelError(
                f"its output {info.name} is one number, {self._trial} in the trial run{by}, so it is no probability: "
                "if it is a logit, declare activation: sigmoid; camweave has no use for a quantity, such as an age"
            )

    @property
    def activation(self) -> str:
        """What is applied to the scores: ``softmax``, ``sigmoid`` or ``none``."""
        if self._declared != AUTO:
            return self._declared
        if self._calibration is not None or not self._is_unnormalised:
            return NO_ACTIVATION
        return SIGMOID if self._is_single else SOFTMAX

    @property
    def because(self) -> str:
        """Why the activation is as it is, as a sentence."""
        if self._declared != AUTO:
            return "declared as activation"
        if self._calibration is not None:
            return "the model file has the calibration of each score instead"
        percent = ", as percentages" if self._divisor == _PERCENT else ""
        seen = f"the scores of the trial run are {self._trial}{percent}"
        if self._ending is not None:
            seen += f", made by {self._ending}"
        if not self._is_unnormalised:
            return seen
        if self._is_single:
            return f"{seen}, which is no probability"
        return f"{seen}, which are no probabilities; if several labels can be true at once, declare activation: sigmoid"

    def _has_small_logits(self, scores: NDArray[np.float64]) -> bool:
        """Return whether scores near 0 are no probabilities: some are negative, or the output is named so."""
        finite = scores[np.isfinite(scores).all(axis=1)]
        if finite.size == 0 or np.abs(finite.sum(axis=1) - 1.0).max() < _NEAR:
            return False
        return bool(finite.min() < -_ZERO) or _LOGITS in self._info.name.casefold()

    def postprocess(self, outputs: Mapping[str, Tensor]) -> tuple[Classification, ...]:
        """Return the labels with their confidences, highest first; equal ones keep the order of the model."""
        scores = self._scores(outputs)
        finite = np.isfinite(scores)
        self.dropped += int(scores.size - finite.sum())
        numbers = np.flatnonzero(finite)
        if self._calibration is not None:
            scores = self._calibration(scores)
        scores = scores[numbers]
        self._is_unnormalised = self._is_unnormalised or _exceeds_unit_range(scores)
        confidences = _activated(scores, self.activation).clip(0.0, 1.0)
        if self._is_binary and numbers.size:
            confidences, numbers = np.array([1.0 - confidences[0], confidences[0]]), np.arange(2)
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
        return scores / self._divisor


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


def _fitting(labels: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Return as many labels as there are scores: one for the background, which comes first, may be too many or missing.

    Raises:
        LabelsError: when the numbers differ otherwise.
    """
    if len(labels) == count + 1 and is_background(labels[0]):
        return labels[1:]
    if (len(labels), count) == _IMAGENET:
        return (_BACKGROUND, *labels)
    if labels and len(labels) != count:
        raise LabelsError(f"there are {len(labels)} labels but the classifier gives {count} scores")
    return labels


def _activated(scores: NDArray[np.float64], activation: str) -> NDArray[np.float64]:
    if scores.size == 0 or activation == NO_ACTIVATION:
        return scores
    return sigmoid(scores) if activation == SIGMOID else softmax(scores)
