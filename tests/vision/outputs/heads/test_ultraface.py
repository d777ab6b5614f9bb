from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.head import HeadMatch
from vision.outputs.heads.ultraface import anchors, decode, find

from .expected_boxes import THINGS, assert_found, assert_given

SIZE = (320, 240)
FACES = tuple(dataclasses.replace(thing, number=0) for thing in THINGS)
PLACES = (700, 3700, 4410)


def scores(*, logarithms: bool = False) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    made = np.tile(np.array([0.99, 0.01], np.float32), (4420, 1))
    for place, face in zip(PLACES, FACES, strict=True):
        made[place] = [1 - face.score, face.score]
    return np.log(made) if logarithms else made


def test_anchors_equal_the_original_ones() -> None:
    made = anchors(SIZE)
    assert made.shape == (4420, 4)
    assert made[1] == pytest.approx([0.5 / 40, 0.5 / 30, 16 / 320, 16 / 240])
    assert made[3600] == pytest.approx([0.5 / 20, 0.5 / 15, 32 / 320, 32 / 240])
    assert made[-1] == pytest.approx([4.5 / 5, 3.5 / 4, 256 / 320, 1.0])
    assert len(anchors((640, 480))) == 17640


@pytest.mark.parametrize(
    ("size", "count", "places", "locations", "logits", "golden"),
    [  # Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB at 72957f4: generate_priors, convert_locations_to_boxes
        (
            SIZE,
            4420,
            PLACES,
            ((2.586, 1.652, 2.776, -0.252), (1.855, -0.608, -1.07, -0.328), (-1.226, 0.499, 0.148, 0.841)),
            ((0.31, 4.27), (-0.07, -1.44), (0.47, -1.62)),
            (
                (0.80687, 0.16265, 0.89399, 0.22604, 0.98129, 0),
                (0.50318, 0.09613, 0.58392, 0.22099, 0.20262, 0),
                (-0.2101, 0.33331, 0.61394, 1.51649, 0.11007, 0),
            ),
        ),
        (
            (128, 96),
            708,
            (100, 600, 705),
            ((0.685, -3.222, -1.637, 1.123), (3.055, -0.565, 1.557, 2.477), (-0.248, 1.38, 2.725, 3.462)),
            ((0.45, -1.37), (-2.92, -0.02), (-2.46, 1.94)),
            (
                (-0.1371, -0.11125, 1.5875, 1.88725, 0.98787, 0),
                (0.46821, -0.04236, 0.80954, 0.50469, 0.94785, 0),
                (0.05726, 0.05031, 0.14736, 0.25895, 0.13943, 0),
            ),
        ),
    ],
    ids=["320", "128"],
)
def test_faces_equal_those_of_the_original(
    size: tuple[int, int],
    count: int,
    places: tuple[int, ...],
    locations: tuple[tuple[float, ...], ...],
    logits: tuple[tuple[float, ...], ...],
    golden: tuple[tuple[float, ...], ...],
) -> None:
    values, given = np.zeros((count, 4), np.float32), np.tile(np.array([9.0, -9.0], np.float32), (count, 1))
    values[list(places)], given[list(places)] = locations, logits
    assert_given(decode([values, given], size, 1, activation="softmax"), golden)


@pytest.mark.parametrize("logarithms", [False, True])
def test_encoded_faces_are_decoded(logarithms: bool) -> None:
    values = np.random.default_rng(0).normal(size=(4420, 4)).astype(np.float32)
    for place, face in zip(PLACES, FACES, strict=True):
        anchor = anchors(SIZE)[place]
        values[place] = [
            *(face.centre - anchor[:2]) / anchor[2:] / 0.1,
            *np.log(face.size / anchor[2:]) / 0.2,
        ]
    activation = "softmax" if logarithms else "none"
    assert_found(decode([values, scores(logarithms=logarithms)], SIZE, 1, activation=activation), FACES)


def test_corners_decoded_by_the_export_are_unchanged() -> None:
    made = anchors(SIZE)
    values = np.concatenate([made[:, :2] - made[:, 2:] / 2, made[:, :2] + made[:, 2:] / 2], axis=1)
    values[list(PLACES)] = [face.box for face in FACES]
    assert_found(decode([values, scores()], SIZE, 1), FACES)


@pytest.mark.parametrize(
    ("shapes", "size", "found"),
    [
        ({"boxes": (1, 4420, 4), "scores": (1, 4420, 2)}, SIZE, HeadMatch(("boxes", "scores"), 1, True)),
        ({"scores": (1, 17640, 2), "boxes": (1, 17640, 4)}, (640, 480), HeadMatch(("boxes", "scores"), 1, True)),
        ({"boxes": (1, 4420, 4), "scores": (1, 4420, 2)}, (300, 300), None),
        ({"boxes": (1, 4420, 4)}, SIZE, None),
    ],
)
def test_the_outputs_are_identified_by_their_shapes(
    shapes: dict[str, tuple[int, ...]], size: tuple[int, int], found: HeadMatch | None
) -> None:
    match = find(Evidence(shapes, size, 0))
    assert (match and match[:3]) == (found and found[:3])
