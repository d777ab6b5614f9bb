from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.scores.thresholds import Thresholds, with_tolerance


def test_a_label_has_its_own_threshold_or_the_default() -> None:
    thresholds = Thresholds(0.3, {"Cat": 0.8})
    assert thresholds["cat"] == pytest.approx(0.8)
    assert thresholds["dog"] == pytest.approx(0.3)
    assert thresholds.of(["CAT", "dog"]).tolist() == pytest.approx([0.8, 0.3])


@pytest.mark.parametrize("confidence", [0.0, 0.001, 0.1, 0.3, 0.7, 0.9, 1.0])
def test_a_threshold_is_reached_by_its_single_precision_value_only(confidence: float) -> None:
    single = np.float32(confidence)
    assert float(single) >= with_tolerance(confidence)
    assert not float(np.nextafter(single, np.float32(-1))) >= with_tolerance(float(single))


def test_a_common_threshold_is_compared_in_double_precision() -> None:
    assert Thresholds(0.4, {"cat": 0.6}).common is None
    scores = np.array([0.4, np.nextafter(np.float32(0.4), np.float32(0)), 0.7], np.float32)
    common = Thresholds(0.4).common
    assert common is not None
    each = Thresholds(0.4).of(["cat"] * 3)
    assert np.array_equal(scores >= common, scores >= each) and (scores >= common).tolist() == [True, False, True]
