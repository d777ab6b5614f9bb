"""Numerically stable sigmoid and softmax in the precision of their input."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

AUTO, SOFTMAX, SIGMOID, NO_ACTIVATION = "auto", "softmax", "sigmoid", "none"
"""What turns a model's scores into probabilities (``activation:``); ``auto`` judges by their values."""

F = TypeVar("F", bound=np.floating[Any])

_LARGEST = 80.0  # its exponential is finite in single precision; beyond it, the probability rounds to 0 or 1


def sigmoid(scores: NDArray[F]) -> NDArray[F]:
    """Return the logistic function of each score."""
    return np.asarray(1.0 / (1.0 + np.exp(-scores.clip(-_LARGEST, _LARGEST))), scores.dtype)


def softmax(scores: NDArray[F]) -> NDArray[F]:
    """Return the softmax of scores along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), scores.dtype)
