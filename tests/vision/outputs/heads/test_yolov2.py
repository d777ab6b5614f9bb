from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads import custom_vision, yolov2
from vision.outputs.heads.yolov2 import find

from .expected_boxes import assert_given
from .given import ran

SIZE = (96, 64)
CLASSES = 3


def grid(*, planes_last: bool = False) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return a grid with one thing: anchor 2 of the cell in column 1 and row 1."""
    made = np.full((5, 5 + CLASSES, 2, 3), -9.0, np.float32)
    made[2, :, 1, 1] = [0.0, np.log(3), 0.0, np.log(2), 2.0, 1.0, 3.0, 1.0]
    planes = made.reshape(-1, 2, 3)
    return np.moveaxis(planes, 0, -1) if planes_last else planes


# By hand: the sigmoid of 0 is 1/2, of log 3 is 3/4; the score is sigmoid(2) * e^3 / (e^3 + 2 e).
SCORE = 0.880797 * 0.786986


def expected(width: float, height: float) -> tuple[float, ...]:
    x, y = 1.5 * 32, 1.75 * 32
    return (x - width * 16, y - height * 32, x + width * 16, y + height * 32, SCORE, 1)


@pytest.mark.parametrize("planes_last", [False, True])
def test_one_thing_is_decoded_by_the_formula_of_darknet(planes_last: bool) -> None:
    found = yolov2.decode([grid(planes_last=planes_last)], SIZE, CLASSES)
    assert_given(found, [expected(6.63, 11.38)], SIZE)


def test_custom_vision_has_anchors_of_its_own() -> None:
    assert_given(custom_vision.decode([grid()], SIZE, CLASSES), [expected(3.34, 5.47)], SIZE)


@pytest.mark.parametrize(
    ("name", "inputs", "of_voc", "of_custom_vision"),
    [
        ("grid", ("image",), True, False),
        ("model_outputs0", ("data",), False, True),
        ("output", ("data",), False, True),
        ("output", ("input",), False, False),
    ],
)
def test_names_show_whose_anchors_they_are(
    name: str, inputs: tuple[str, ...], of_voc: bool, of_custom_vision: bool
) -> None:
    evidence = ran({name: (1, 5 * (5 + CLASSES), 2, 3)}, SIZE, inputs=inputs)
    matches = find(evidence), custom_vision.find(evidence)
    assert all(match is not None and match.classes == CLASSES for match in matches)
    assert [match is not None and match.is_certain for match in matches] == [of_voc, of_custom_vision]


@pytest.mark.parametrize("shape", [(1, 41, 2, 3), (1, 40, 3, 3), (1, 25, 2, 3), (1, 40, 6)])
def test_other_maps_are_no_grid(shape: tuple[int, ...]) -> None:
    assert find(ran({"grid": shape}, SIZE)) is None
    assert custom_vision.find(ran({"grid": shape}, SIZE)) is None
