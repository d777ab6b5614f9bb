from __future__ import annotations

import math

import numpy as np
import pytest

from vision.outputs.scores import Calibration
from vision.runtimes import ScoreCalibration


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


@pytest.mark.parametrize(
    ("transformation", "transformed"),
    [("identity", 0.25), ("log", math.log(0.25)), ("inverse_logistic", math.log(0.25 / 0.75))],
)
def test_a_score_goes_through_the_sigmoid_of_its_class(transformation: str, transformed: float) -> None:
    parameters = ((0.9, 2.0, -0.5, -math.inf), None, (0.5, 1.0, 1.0, 0.3), (0.5, 1.0, 1.0, 0.2))
    found = Calibration(ScoreCalibration(transformation, 0.07, parameters))(np.full(4, 0.25))
    assert found.tolist() == pytest.approx(
        [0.9 * logistic(2 * transformed - 0.5), 0.07, 0.07, 0.5 * logistic(transformed + 1)]
    )


@pytest.mark.parametrize("transformation", ["identity", "log", "inverse_logistic"])
def test_the_limits_stay_finite(transformation: str) -> None:
    parameters = ((1.0, 5.0, 0.0, -math.inf),) * 4
    found = Calibration(ScoreCalibration(transformation, 0.0, parameters))(np.array([0.0, 1.0, -1.0, 1e300]))
    assert np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1
