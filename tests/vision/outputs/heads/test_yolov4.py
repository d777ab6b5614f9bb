from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vision.outputs.heads.table import find_head
from vision.outputs.heads.yolov4 import decode, find

from .expected_boxes import CLASSES, THINGS, assert_found
from .given import ran

SIZE = (64, 64)
ROWS = 3 * (8 * 8 + 4 * 4 + 2 * 2)


def outputs() -> dict[str, Any]:
    boxes, scores = np.zeros((1, ROWS, 1, 4), np.float32), np.zeros((1, ROWS, CLASSES), np.float32)
    for row, thing in enumerate(THINGS):
        boxes[0, row, 0], scores[0, row, thing.number] = thing.box, thing.score
    return {"boxes": boxes, "confs": scores}


def test_encoded_boxes_are_decoded() -> None:
    assert_found(decode([array[0] for array in outputs().values()], SIZE, CLASSES))


def test_names_and_corners_show_that_it_is_one() -> None:
    found = find_head(None, ran(outputs(), SIZE))
    assert found is not None
    assert (found[0].name, found[1].classes, found[0].preparation.mean) == ("yolov4", CLASSES, (0.0, 0.0, 0.0))
    match = find(ran(outputs(), (96, 96)))  # which has more cells
    assert match is not None and not match.is_certain


@pytest.mark.parametrize("shapes", [{"boxes": (1, 9, 4), "confs": (1, 9, 3)}, {"a": (1, 9, 1, 4), "b": (1, 9, 3)}])
def test_other_outputs_are_not(shapes: dict[str, tuple[int, ...]]) -> None:
    assert find(ran(shapes)) is None
