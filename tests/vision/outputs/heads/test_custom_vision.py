from __future__ import annotations

import numpy as np

from vision.outputs.heads.custom_vision import find

from .expected_boxes import assert_given
from .given import ran


def test_an_export_with_suppression_has_finished_boxes() -> None:
    outputs = {
        "detected_boxes": np.array([[[0.1, 0.2, 0.5, 0.6], [0, 0, 1, 1]]]),
        "detected_classes": np.array([[1, 0]]),
        "detected_scores": np.array([[0.9, 0.02]]),
    }
    match = find(ran(outputs))
    assert match is not None and match.is_certain and match.decode is not None
    arrays = [np.asarray(outputs[name][0], np.float32) for name in match.outputs]
    assert_given(match.decode(arrays, (320, 320), 0), [(0.1, 0.2, 0.5, 0.6, 0.9, 1)])
