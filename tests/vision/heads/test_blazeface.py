from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from vision.heads import Found
from vision.heads.blazeface import anchors, decode, find

from .things import THINGS, assert_found

FACES = tuple(dataclasses.replace(thing, number=0) for thing in THINGS)


def test_anchors_stand_in_the_middle_of_their_cells() -> None:
    short = anchors(896)
    assert short[:3].tolist() == [[0.5 / 16] * 2, [0.5 / 16] * 2, [1.5 / 16, 0.5 / 16]]
    assert short[512:519].tolist() == [[0.5 / 8] * 2] * 6 + [[1.5 / 8, 0.5 / 8]]
    assert anchors(2304)[[0, 48]] == pytest.approx(np.array([[0.5 / 48] * 2, [0.5 / 48, 1.5 / 48]]))


@pytest.mark.parametrize(("count", "side"), [(896, 128), (896, 256), (2304, 192)])
def test_faces_come_out_as_they_were_put_in(count: int, side: int) -> None:
    values, scores = np.zeros((count, 16), np.float32), np.full(count, -20.0, np.float32)
    for place, face in zip((100, 600, 890), FACES, strict=True):
        values[place, :4] = [*(face.centre - anchors(count)[place]) * side, *face.size * side]
        scores[place] = np.log(face.score / (1 - face.score))
    assert_found(decode([values, scores], (side, side), 1), FACES)


@pytest.mark.parametrize(
    ("shapes", "found"),
    [
        ({"r": (1, 896, 16), "c": (1, 896)}, Found(("r", "c"), 1, True)),
        ({"c": (1, 2304), "r": (1, 2304, 16)}, Found(("r", "c"), 1, True)),
        ({"r": (1, 896, 16)}, None),
        ({"r": (1, 895, 16), "c": (1, 895)}, None),
    ],
)
def test_the_outputs_are_known_by_their_shapes(shapes: dict[str, tuple[int, ...]], found: Found | None) -> None:
    assert find(shapes, (128, 128), 0) == found
