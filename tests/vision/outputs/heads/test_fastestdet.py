from __future__ import annotations

import math

import numpy as np
import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.fastestdet import decode, find
from vision.outputs.heads.head import HeadMatch

from .expected_boxes import CLASSES, THINGS, assert_found

SIZE = (64, 48)


def test_encoded_boxes_are_decoded() -> None:
    planes = np.zeros((5 + CLASSES, 3, 4), np.float32)
    planes[0] = 0.001
    for thing in THINGS:
        centre = thing.centre * (4, 3)
        column, row = (int(place) for place in centre)
        offsets = (math.atanh(place) for place in centre - (column, row))
        sides = (math.log(side / (1 - side)) for side in thing.size)
        planes[:, row, column] = [thing.score ** (1 / 0.6), *offsets, *sides, *thing.columns]
    assert_found(decode([planes], SIZE, CLASSES))


@pytest.mark.parametrize(
    ("shape", "size", "labels", "found"),
    [
        ((1, 85, 22, 22), (352, 352), 0, HeadMatch(("out",), 80, True)),
        ((1, 85, 22, 22), (352, 352), 80, HeadMatch(("out",), 80, True)),
        ((1, 85, 22, 22), (352, 352), 85, HeadMatch(("out",), 80, False)),
        ((1, 21, 22, 22), (352, 352), 0, HeadMatch(("out",), 16, False)),
        ((1, 85, 20, 40), (640, 320), 80, HeadMatch(("out",), 80, True)),
        ((1, 85, 352, 352), (352, 352), 80, HeadMatch(("out",), 80, False)),
        ((1, 85, 22), (352, 352), 80, None),
    ],
)
def test_the_output_is_identified_by_its_shape(
    shape: tuple[int, ...], size: tuple[int, int], labels: int, found: HeadMatch | None
) -> None:
    match = find(Evidence({"out": shape}, size, labels))
    assert (match and match[:3]) == (found and found[:3])
