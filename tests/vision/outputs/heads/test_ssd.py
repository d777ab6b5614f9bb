from __future__ import annotations

import math

import numpy as np
import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.head import HeadMatch
from vision.outputs.heads.ssd import anchors, decode, find

from .expected_boxes import CLASSES, THINGS, assert_found, assert_given

SIZE = (300, 300)
PLACES = (500, 1500, 1910)


def scores(*, sigmoid: bool) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    made = np.full((1917, 1 + CLASSES), 0.001, np.float32)
    made[:, 0] = 0.9  # no thing at all
    for place, thing in zip(PLACES, THINGS, strict=True):
        made[place, 1 + thing.number] = thing.score
    return np.asarray(np.log(made / (1 - made)), np.float32) if sigmoid else made


def test_anchors_equal_the_original_ones() -> None:
    made = anchors(SIZE)
    assert made.shape == (1917, 4)
    assert made[0] == pytest.approx([0.5 / 19, 0.5 / 19, 0.1, 0.1])
    assert made[1] == pytest.approx([0.5 / 19, 0.5 / 19, 0.2 * math.sqrt(2), 0.2 / math.sqrt(2)])
    assert made[19 * 19 * 3] == pytest.approx([0.05, 0.05, 0.35, 0.35])
    assert made[-1] == pytest.approx([0.5, 0.5, math.sqrt(0.95), math.sqrt(0.95)])


@pytest.mark.parametrize(
    ("size", "count", "places", "codes", "logits", "golden"),
    [  # tf-models-research-object-detection 2.8.0: create_ssd_anchors, FasterRcnnBoxCoder; on tensorflow 2.21.0
        (
            SIZE,
            1917,
            (1000, 1500, 1910),
            ((-1.604, -2.649, -0.497, 0.841), (2.272, 0.219, -1.105, -1.57), (1.497, 3.27, 0.546, -2.467)),
            ((-1.92, 3.2, 0.41, -3.46), (-0.17, -2.33, -1.26, -0.98), (-1.43, 1.11, -0.13, -1.18)),
            (
                (0.31038, 0.83435, 0.64503, 0.96239, 0.96083, 0),
                (0.76894, 0.39432, 1.3012, 1.36669, 0.75213, 0),
                (0.74185, 0.61491, 1.1847, 0.77691, 0.27289, 2),
            ),
        ),
        (
            (640, 360),
            4698,
            (3000, 4000, 4690),
            ((0.819, 1.66, -3.286, -0.513), (-1.961, -0.346, -2.579, 0.041), (-0.076, -0.609, -2.096, -0.792)),
            ((-2.18, -2.71, 0.45, -2.22), (2.34, 1.43, -4.0, 0.54), (-2.2, 0.07, 0.09, -3.98)),
            (
                (0.26377, 0.57514, 0.37837, 0.93709, 0.8069, 0),
                (-0.03116, 0.1463, 0.14652, 0.3277, 0.61064, 1),
                (0.09956, -0.05353, 0.36287, 1.02852, 0.52248, 1),
            ),
        ),
    ],
    ids=["square", "wide"],
)
def test_boxes_equal_those_of_the_original(
    size: tuple[int, int],
    count: int,
    places: tuple[int, ...],
    codes: tuple[tuple[float, ...], ...],
    logits: tuple[tuple[float, ...], ...],
    golden: tuple[tuple[float, ...], ...],
) -> None:
    values, given = np.zeros((count, 4), np.float32), np.full((count, 4), -9.0, np.float32)
    values[list(places)], given[list(places)] = codes, logits
    assert_given(decode([values, given], size, 3, activation="sigmoid"), golden)


@pytest.mark.parametrize("sigmoid", [False, True])
def test_encoded_boxes_are_decoded(sigmoid: bool) -> None:
    values = np.random.default_rng(0).normal(size=(1917, 4)).astype(np.float32)
    for place, thing in zip(PLACES, THINGS, strict=True):
        anchor = anchors(SIZE)[place]
        x, y = (thing.centre - anchor[:2]) / anchor[2:] * 10
        width, height = np.log(thing.size / anchor[2:]) * 5
        values[place] = [y, x, height, width]
    activation = "sigmoid" if sigmoid else "none"
    assert_found(decode([values, scores(sigmoid=sigmoid)], SIZE, CLASSES, activation=activation))


def test_corners_decoded_by_the_export_are_unchanged() -> None:
    made = anchors(SIZE)
    values = np.concatenate([made[:, :2] - made[:, 2:] / 2, made[:, :2] + made[:, 2:] / 2], axis=1)
    values[list(PLACES)] = [thing.box for thing in THINGS]
    assert_found(decode([values[:, [1, 0, 3, 2]], scores(sigmoid=False)], SIZE, CLASSES))


@pytest.mark.parametrize(
    ("shapes", "size", "found"),
    [
        ({"b": (1, 1917, 4), "s": (1, 1917, 91)}, SIZE, HeadMatch(("b", "s"), 90, True)),
        ({"s": (1, 2034, 2), "b": (1, 2034, 4)}, (320, 320), HeadMatch(("b", "s"), 1, True)),
        ({"b": (1, 1917, 4), "s": (1, 1917)}, SIZE, None),
        ({"b": (1, 10, 4), "s": (1, 10, 91)}, SIZE, None),
    ],
)
def test_the_outputs_are_identified_by_their_shapes(
    shapes: dict[str, tuple[int, ...]], size: tuple[int, int], found: HeadMatch | None
) -> None:
    match = find(Evidence(shapes, size, 0))
    assert (match and match[:3]) == (found and found[:3])
