"""Calibration of the scores of a classifier, as the metadata of a TFLite model describe it.

Source: google-ai-edge/mediapipe, ``tasks/cc/components/calculators/score_calibration_calculator.cc``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...runtimes import ScoreCalibration

_LEAST = 1e-16  # lowest argument of a logarithm


class Calibration:
    """Turns the scores of all classes into probabilities.

    Args:
        described: The parameters of each class.
    """

    def __init__(self, described: ScoreCalibration) -> None:
        nothing = (0.0, 0.0, 0.0, np.inf)  # no score reaches it, so each becomes the default
        table = np.array([each or nothing for each in described.parameters], np.float64).reshape(-1, 4)
        self._scale, self._slope, self._offset, self._lowest = table.T
        self._default = described.default
        self._transformation = described.transformation

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated scores, in the order of the classes."""
        values = scores
        if self._transformation != "identity":
            values = np.log(np.maximum(scores, _LEAST))
        if self._transformation == "inverse_logistic":
            values = values - np.log(np.maximum(1.0 - scores, _LEAST))
        with np.errstate(over="ignore"):
            made = self._scale / (1.0 + np.exp(-(self._slope * values + self._offset)))
        return np.where(scores < self._lowest, self._default, made)
