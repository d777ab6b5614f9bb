from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vision.outputs.heads import torchvision
from vision.outputs.heads.yolov7_e2e import decode, find

from .expected_boxes import assert_given
from .given import ran
from .test_yolo_nas import FLAT, ROWS, SIZE

TURNED = FLAT[:, [0, 1, 2, 3, 4, 6, 5]]


@pytest.mark.parametrize(
    ("rows", "is_certain"), [(TURNED, True), (FLAT, False), (TURNED[:0], False), (TURNED[1:], True)]
)
def test_the_class_comes_before_the_score(rows: Any, is_certain: bool) -> None:
    match = find(ran({"output": rows}))
    assert match is not None
    assert (match.is_certain, match.batched) == (is_certain, False)


def test_rows_are_decoded() -> None:
    assert_given(decode([TURNED], SIZE, 0), ROWS, SIZE)


@pytest.mark.parametrize("names", [("det_boxes", "det_scores", "det_classes"), ("boxes", "scores", "labels")])
def test_an_export_for_tensorrt_or_of_mmyolo_has_four_outputs(names: tuple[str, str, str]) -> None:
    outputs = {"num_dets": np.array([[2]]), names[0]: FLAT[None, :, 1:5], names[1]: FLAT[None, :, 5]}
    assert find(ran(outputs)) is None
    outputs[names[2]] = FLAT[None, :, 6]
    assert torchvision.find(ran(outputs)) is None  # it would begin with class 1
    match = find(ran(outputs))
    assert match is not None and match.is_certain and match.decode is not None
    arrays = [np.asarray(outputs[name][0], np.float32) for name in match.outputs]
    assert_given(match.decode(arrays, SIZE, 0), ROWS, SIZE)
