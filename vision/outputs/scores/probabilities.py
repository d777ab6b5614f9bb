"""From the scores of a model to probabilities, at any size of them and in their own precision."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=np.floating[Any])

_LARGEST = 80.0  # e to this power is a number in single precision too; beyond it a probability is 0 or 1


def sigmoid(scores: NDArray[F]) -> NDArray[F]:
    """Return the logistic function of each score."""
    return np.asarray(1.0 / (1.0 + np.exp(-scores.clip(-_LARGEST, _LARGEST))), scores.dtype)


def softmax(scores: NDArray[F]) -> NDArray[F]:
    """Return the scores as shares of a whole, along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), scores.dtype)
