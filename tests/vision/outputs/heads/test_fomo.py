from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads.fomo import decode, find

from .expected_boxes import assert_given
from .given import ran

SIZE = (64, 32)


def cells() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return a softmax for background and two labels in which cells of each label touch."""
    made = np.zeros((4, 8, 3), np.float32)
    for row, column, label, score in ((1, 1, 1, 0.9), (2, 2, 1, 0.6), (0, 6, 1, 0.7), (3, 4, 2, 0.8), (3, 5, 1, 0.45)):
        made[row, column, label] = score
    made[..., 0] = 1 - made.sum(axis=-1)
    return made


def test_cells_that_touch_are_one_object() -> None:
    found = decode([cells()], SIZE, 2)
    assert_given(found, [(8, 8, 24, 24, 0.9, 0), (32, 24, 40, 32, 0.8, 1), (48, 0, 56, 8, 0.7, 0)], SIZE)


def test_no_cell_is_no_object() -> None:
    assert len(decode([np.zeros((4, 8, 3), np.float32)], SIZE, 2).scores) == 0


@pytest.mark.parametrize(("labels", "scale", "is_certain"), [(2, 1, True), (3, 1, True), (0, 1, False), (2, 9, False)])
def test_labels_and_a_softmax_are_needed(labels: int, scale: int, is_certain: bool) -> None:
    match = find(ran({"out": cells()[None] * scale}, SIZE, labels))
    assert match is not None
    assert (match.classes, match.is_certain) == (2, is_certain)


def test_a_map_of_another_stride_is_none() -> None:
    assert find(ran({"out": (1, 32, 64, 3)}, SIZE, 2)) is None
