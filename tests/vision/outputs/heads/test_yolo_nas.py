from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vision.outputs.heads.yolo_nas import HEAD, decode, find

from .expected_boxes import CLASSES, THINGS, assert_found, assert_given
from .given import ran

SIZE = (64, 32)
CELLS = 32 + 8 + 2
UNIT = np.array([*SIZE, *SIZE])


def raw() -> list[Any]:
    """Return the two outputs for some things."""
    boxes, scores = np.full((CELLS, 4), [1.0, 2.0, 3.0, 4.0], np.float32), np.full((CELLS, CLASSES), 0.01, np.float32)
    for row, thing in zip((40, 7, 33), THINGS, strict=True):
        boxes[row], scores[row] = np.array(thing.box) * UNIT, thing.score * thing.columns
    return [boxes, scores]


def test_encoded_boxes_are_decoded() -> None:
    assert_found(decode(raw(), SIZE, CLASSES))


def test_corners_for_each_cell_are_its_own() -> None:
    boxes, scores = raw()
    match = find(ran({"boxes": boxes[None], "scores": scores[None]}, SIZE))
    assert match is not None
    assert (match.outputs, match.classes, match.is_certain) == (("boxes", "scores"), CLASSES, True)
    match = find(ran({"boxes": -boxes[None], "scores": scores[None]}, SIZE))
    assert match is not None and not match.is_certain
    assert find(ran({"boxes": boxes[None, 1:], "scores": scores[None, 1:]}, SIZE)) is None


FLAT = np.array([[0, 6.4, 3.2, 12.8, 9.6, 0.9, 2], [0, 0, 0, 32, 32, 0.35, 0]], np.float32)
ROWS = ((6.4, 3.2, 12.8, 9.6, 0.9, 2), (0, 0, 32, 32, 0.35, 0))


@pytest.mark.parametrize(
    ("name", "rows", "is_certain"),
    [
        ("graph2_flat_predictions", np.zeros((0, 7)), True),
        ("output", np.zeros((0, 7)), False),
        ("output", FLAT, True),
        ("output", FLAT[:, [0, 1, 2, 3, 4, 6, 5]], False),
    ],
)
def test_flat_rows_are_known_by_name_or_by_the_column_of_whole_numbers(name: str, rows: Any, is_certain: bool) -> None:
    match = find(ran({name: rows}))
    assert match is not None
    assert (match.is_certain, match.batched) == (is_certain, False)


def test_flat_rows_are_decoded() -> None:
    match = find(ran({"graph2_flat_predictions": FLAT}))
    assert match is not None and match.decode is not None
    assert_given(match.decode([FLAT], SIZE, 0), ROWS, SIZE)
    assert len(match.decode([FLAT[:0]], SIZE, 0).scores) == 0


def test_a_batch_has_four_outputs() -> None:
    outputs = {
        "graph2_num_predictions": np.array([[2]]),
        "graph2_pred_boxes": FLAT[None, :, 1:5],
        "graph2_pred_scores": FLAT[None, :, 5],
        "graph2_pred_classes": FLAT[None, :, 6],
    }
    match = find(ran(outputs))
    assert match is not None and match.is_certain and match.decode is not None
    arrays = [np.asarray(outputs[name][0], np.float32) for name in match.outputs]
    assert_given(match.decode(arrays, SIZE, 0), ROWS, SIZE)
    arrays[3] = np.array([1.0], np.float32)
    assert_given(match.decode(arrays, SIZE, 0), ROWS[:1], SIZE)
    assert HEAD.iou_threshold == 0.7
