from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vision import ModelError
from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.table import find_head
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


def evidence(numbers: Sequence[int]) -> Evidence:
    """Return what is known of a model with the names that PyTorch gives to outputs without any."""
    arrays: dict[str, NDArray[Any]] = {
        "1437": np.ones((len(numbers), 4), np.float32),
        "1400": np.full(len(numbers), 0.9, np.float32),
        "1410": np.array(numbers, np.int64),
    }
    shapes = {name: array.shape for name, array in arrays.items()}
    return Evidence(shapes, (640, 640), channels_first=True, run=lambda: [arrays])


@pytest.mark.parametrize("numbers", [(), (1, 2)])
def test_without_names_the_head_has_to_be_declared(numbers: Sequence[int]) -> None:
    with pytest.raises(ModelError, match="declare head: torchvision, or head: none if the first class is 0"):
        find_head(None, evidence(numbers))
    declared = find_head("torchvision", evidence(numbers))
    assert declared is not None and declared[1].first_class == 1 and not declared[1].batched
    assert declared[1].outputs == ("1437", "1400", "1410")


def test_a_class_zero_shows_that_another_program_made_the_outputs() -> None:
    assert find_head(None, evidence((0, 1))) is None


def test_rows_are_decoded() -> None:
    boxes = np.array([[64, 24, 320, 240], [0, 0, 640, 480]], np.float32)
    found = decode([boxes, np.array([0.9, 0.4], np.float32), np.array([3, 1], np.float32)], (640, 480), 0)
    assert_given(found, [(64, 24, 320, 240, 0.9, 3), (0, 0, 640, 480, 0.4, 1)], (640, 480))
    assert len(decode([boxes[:0], np.zeros(0, np.float32), np.zeros(0, np.float32)], (640, 480), 0).scores) == 0
