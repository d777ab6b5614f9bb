from __future__ import annotations

import numpy as np

from vision.outputs.heads.yunet import decode, find

from .expected_boxes import assert_given
from .given import ran

SIZE = (64, 32)
CELLS = {8: 32, 16: 8, 32: 2}
COLUMNS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
SHAPES = {f"{kind}_{stride}": (1, cells, COLUMNS[kind]) for kind in COLUMNS for stride, cells in CELLS.items()}


def test_outputs_are_known_by_their_names_with_the_strides() -> None:
    match = find(ran(SHAPES))
    assert match is not None
    assert (match.classes, match.is_certain) == (1, True)
    assert match.outputs[:3] == ("cls_8", "cls_16", "cls_32")
    assert find(ran({name: shape for name, shape in SHAPES.items() if name != "obj_16"})) is None


def test_the_formula_of_opencv_is_applied() -> None:
    """By hand: the cell in column 3 and row 1 of stride 16, its centre 0.5 and 0.25 away, e^0.5 wide and e^0 high."""
    outputs = [np.zeros(shape[1:], np.float32) for name, shape in SHAPES.items() if not name.startswith("kps")]
    place = 1 * 4 + 3
    outputs[1][place], outputs[4][place] = 0.81, 1.2  # scores beyond 1 are cut
    outputs[7][place] = [0.5, 0.25, 0.5, 0.0]
    width = 16 * np.exp(0.5)
    assert_given(decode(outputs, SIZE, 1), [(56 - width / 2, 20 - 8, 56 + width / 2, 20 + 8, 0.9, 0)], SIZE)
