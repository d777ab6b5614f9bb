from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.scores.probabilities import sigmoid, softmax


def test_scores_of_any_size_become_probabilities_of_their_own_type() -> None:
    single = np.array([-np.inf, -1e4, 0, 1e4, np.inf], np.float32)
    double = single.astype(np.float64)
    assert sigmoid(single).dtype == np.float32
    assert sigmoid(double).dtype == np.float64
    for made in (sigmoid(single), sigmoid(double)):
        assert made.tolist() == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-30)


def test_shares_are_of_each_row() -> None:
    made = softmax(np.array([[0.0, 0.0], [-1e4, 1e4], [-np.inf, 3.0]]))
    assert made.tolist() == [[0.5, 0.5], [0.0, 1.0], [0.0, 1.0]]
    assert softmax(np.array([np.log(1.0), np.log(3.0)])).tolist() == pytest.approx([0.25, 0.75])
