"""Confidence thresholds per label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_ROUNDED = 1 - 0.99 * 2**-24  # largest relative error of a decimal number rounded to single precision


def with_tolerance(threshold: float) -> float:
    """Return a threshold less the rounding error of float32: a model's 0.7 is 0.699999988, which must reach 0.7."""
    return threshold * _ROUNDED


class Thresholds:
    """The lowest confidence of each label, in any letter case: its own, else the default."""

    def __init__(self, default: float = 0.0, own: Mapping[str, float] | None = None) -> None:
        self._default = with_tolerance(default)
        self._own = {label.casefold(): with_tolerance(confidence) for label, confidence in (own or {}).items()}

    def __getitem__(self, label: str) -> float:
        return self._own.get(label.casefold(), self._default)

    @property
    def common(self) -> np.float64 | None:
        """The threshold of all labels; ``None`` if any has its own."""
        # Not a plain number, which would be rounded to the precision of the scores before it is compared with them.
        return None if self._own else np.float64(self._default)

    def of(self, labels: Sequence[str]) -> NDArray[np.float64]:
        """Return the thresholds of several labels, in their order."""
        return np.array([self[label] for label in labels], np.float64)
