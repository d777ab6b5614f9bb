from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads.torchvision import decode, find

from .expected_boxes import assert_given
from .given import ran

SHAPES = {"boxes": (100, 4), "labels": (100,), "scores": (100,)}


@pytest.mark.parametrize("batched", [False, True])
def test_outputs_are_known_by_their_names(batched: bool) -> None:
    shapes = {name: (1, *shape) if batched else shape for name, shape in SHAPES.items()}
    match = find(ran(shapes))
    assert match is not None
    assert (match.outputs, match.is_certain, match.batched) == (("boxes", "scores", "labels"), True, batched)
    assert find(ran(shapes, inputs=("images", "orig_target_sizes"))) is None  # those of RT-DETR


@pytest.mark.parametrize(("number", "first"), [(1, 1), (0, 0)])
def test_class_zero_is_the_background_unless_the_model_finds_it(number: int, first: int) -> None:
    outputs = {"boxes": np.ones((2, 4)), "labels": np.array([number, 0]), "scores": np.array([0.9, 0.0])}
    match = find(ran(outputs))
    assert match is not None and match.first_class == first


def test_the_ssd_of_the_model_zoo_is_known_by_its_names() -> None:
    outputs = {"bboxes": (1, 9, 4), "labels": (1, 9), "scores": (1, 9)}
    match = find(ran(outputs, channels_first=True))
    assert match is not None and match.preparation is not None
    assert (match.outputs, match.is_certain, match.first_class) == (("bboxes", "scores", "labels"), True, 1)
    assert match.preparation.mean[0] == 0.485
    other = find(ran(outputs))
    assert other is not None and not other.is_certain


def test_rows_are_decoded() -> None:
    boxes = np.array([[64, 24, 320, 240], [0, 0, 640, 480]], np.float32)
    found = decode([boxes, np.array([0.9, 0.4], np.float32), np.array([3, 1], np.float32)], (640, 480), 0)
    assert_given(found, [(64, 24, 320, 240, 0.9, 3), (0, 0, 640, 480, 0.4, 1)], (640, 480))
    assert len(decode([boxes[:0], np.zeros(0, np.float32), np.zeros(0, np.float32)], (640, 480), 0).scores) == 0
