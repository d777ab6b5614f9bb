from __future__ import annotations

import numpy as np

from vision.outputs.heads.mmdet import decode, find

from .expected_boxes import assert_given
from .given import ran


def test_outputs_are_known_by_their_names_and_five_columns() -> None:
    match = find(ran({"dets": (1, 100, 5), "labels": (1, 100)}))
    assert match is not None and match.is_certain
    assert find(ran({"dets": (1, 300, 4), "labels": (1, 300, 91)})) is None  # those of RF-DETR


def test_rows_are_decoded() -> None:
    rows = np.array([[64, 24, 320, 240, 0.9], [0, 0, 0, 0, 0]], np.float32)
    assert_given(decode([rows, np.array([7.0, 0.0])], (640, 480), 0), [(64, 24, 320, 240, 0.9, 7)], (640, 480))
