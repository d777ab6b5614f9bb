from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from vision.heads import Found
from vision.heads.ultraface import anchors, decode, find

from .things import THINGS, assert_found

SIZE = (320, 240)
FACES = tuple(dataclasses.replace(thing, number=0) for thing in THINGS)
PLACES = (700, 3700, 4410)


def scores(*, logarithms: bool = False) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    made = np.tile(np.array([0.99, 0.01], np.float32), (4420, 1))
    for place, face in zip(PLACES, FACES, strict=True):
        made[place] = [1 - face.score, face.score]
    return np.log(made) if logarithms else made


def test_anchors_are_those_of_the_makers() -> None:
    made = anchors(SIZE)
    assert made.shape == (4420, 4)
    assert made[1] == pytest.approx([0.5 / 40, 0.5 / 30, 16 / 320, 16 / 240])
    assert made[3600] == pytest.approx([0.5 / 20, 0.5 / 15, 32 / 320, 32 / 240])
    assert made[-1] == pytest.approx([4.5 / 5, 3.5 / 4, 256 / 320, 1.0])
    assert len(anchors((640, 480))) == 17640


@pytest.mark.parametrize("logarithms", [False, True])
def test_faces_come_out_as_they_were_put_in(logarithms: bool) -> None:
    values = np.random.default_rng(0).normal(size=(4420, 4)).astype(np.float32)
    for place, face in zip(PLACES, FACES, strict=True):
        anchor = anchors(SIZE)[place]
        values[place] = [
            *(face.centre - anchor[:2]) / anchor[2:] / 0.1,
            *np.log(face.size / anchor[2:]) / 0.2,
        ]
    assert_found(decode([values, scores(logarithms=logarithms)], SIZE, 1), FACES)


def test_corners_that_the_export_has_computed_are_taken_as_they_are() -> None:
    made = anchors(SIZE)
    values = np.concatenate([made[:, :2] - made[:, 2:] / 2, made[:, :2] + made[:, 2:] / 2], axis=1)
    values[list(PLACES)] = [face.box for face in FACES]
    assert_found(decode([values, scores()], SIZE, 1), FACES)


@pytest.mark.parametrize(
    ("shapes", "size", "found"),
    [
        ({"boxes": (1, 4420, 4), "scores": (1, 4420, 2)}, SIZE, Found(("boxes", "scores"), 1, True)),
        ({"scores": (1, 17640, 2), "boxes": (1, 17640, 4)}, (640, 480), Found(("boxes", "scores"), 1, True)),
        ({"boxes": (1, 4420, 4), "scores": (1, 4420, 2)}, (300, 300), None),
        ({"boxes": (1, 4420, 4)}, SIZE, None),
    ],
)
def test_the_outputs_are_known_by_their_shapes(
    shapes: dict[str, tuple[int, ...]], size: tuple[int, int], found: Found | None
) -> None:
    assert find(shapes, size, 0) == found
