"""The lowest confidence that a service passes on, per label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_ROUNDED = 1 - 0.99 * 2**-24  # by so much at most a number in single precision differs from what was written


def with_tolerance(minimum: float) -> float:
    """Return the lowest confidence that reaches a minimum: models give 0.7 as 0.699999988, and that is to reach 0.7."""
    return minimum * _ROUNDED


class Thresholds:
    """The lowest confidence of each label: its own where it has one, else the default. Letter case does not matter."""

    def __init__(self, default: float = 0.0, own: Mapping[str, float] | None = None) -> None:
        self._default = with_tolerance(default)
        self._own = {label.casefold(): with_tolerance(confidence) for label, confidence in (own or {}).items()}

    def __getitem__(self, label: str) -> float:
        return self._own.get(label.casefold(), self._default)

    def of(self, labels: Sequence[str]) -> NDArray[np.float64]:
        """Return the thresholds of several labels, in their order."""
        return np.array([self[label] for label in labels], np.float64)
