from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.head import HeadMatch
from vision.outputs.heads.yolov5 import HEAD, decode, find

from .expected_boxes import CLASSES, THINGS, assert_found, assert_given
from .given import ran

SIZE = (64, 32)
ROWS = 3 * (32 + 8 + 2)


@pytest.mark.parametrize("unit", [SIZE, (1, 1)], ids=["pixels", "fractions"])
def test_encoded_boxes_are_decoded(unit: tuple[int, int]) -> None:
    rows = np.full((ROWS, 5 + CLASSES), 0.01, np.float32)
    rows[:, :4] = [*unit, *unit]
    for row, thing in zip((100, 7, 51), THINGS, strict=True):
        rows[row] = [*thing.centre * unit, *thing.size * unit, thing.score, *thing.columns]
    assert_found(decode([rows], SIZE, CLASSES))


def test_the_score_of_a_label_is_that_of_the_box_times_its_own() -> None:
    rows = np.zeros((ROWS, 5 + CLASSES), np.float32)
    rows[3] = [32, 16, 64, 32, 0.8, 0.1, 0.5, 0, 0, 0]
    found = decode([rows], SIZE, CLASSES)
    assert found.scores == pytest.approx([0.4])
    assert found.class_ids.tolist() == [1]


# yolov5 7.0.14: utils.general.non_max_suppression
GOLDEN_ROWS = (
    (18.61, 2.825, 9.0, 21.99, 0.44, 0.37, 0.004, 0.83),
    (13.5, 9.86, 26.89, 17.25, 0.893, 0.64, 0.742, 0.091),
    (19.11, 3.325, 9.5, 22.49, 0.396, 0.333, 0.0036, 0.747),
    (13.26, 24.95, 13.87, 29.45, 0.713, 0.605, 0.638, 0.676),
)
GOLDEN = (
    (0.055, 1.235, 26.945, 18.485, 0.66261, 1),
    (6.325, 10.225, 20.195, 39.675, 0.48199, 2),
    (14.11, -8.17, 23.11, 13.82, 0.3652, 2),
)


@pytest.mark.parametrize("noise", [0.0, 9.0], ids=["quiet", "wider than the input"])
@pytest.mark.parametrize("unit", [SIZE, (1, 1)], ids=["pixels", "fractions"])
def test_boxes_equal_those_of_the_original(unit: tuple[int, int], noise: float) -> None:
    rows = np.zeros((ROWS, 8), np.float32)
    rows[20:24] = GOLDEN_ROWS
    rows[:, :4] *= np.array([*unit, *unit]) / np.array([*SIZE, *SIZE])
    rows[0, 2:4] = noise
    assert_given(decode([rows], SIZE, 3), GOLDEN, SIZE, HEAD)


@pytest.mark.parametrize(
    ("shapes", "size", "labels", "found"),
    [
        ({"out": (1, 25200, 85)}, (640, 640), 0, HeadMatch(("out",), 80, True)),
        ({"out": (1, 25200, 85)}, (640, 640), 80, HeadMatch(("out",), 80, True)),
        ({"out": (1, 25200, 85)}, (640, 640), 90, HeadMatch(("out",), 80, True)),
        ({"out": (1, 25200, 117), "masks": (1, 32, 160, 160)}, (640, 640), 80, HeadMatch(("out",), 80, True)),
        ({"out": (1, 25200, 117), "masks": (1, 32, 160, 160)}, (640, 640), 0, HeadMatch(("out",), 80, True)),
        ({"out": (1, 102000, 85)}, (1280, 1280), 0, HeadMatch(("out",), 80, True)),
        ({"out": (1, 8400, 85)}, (640, 640), 0, HeadMatch(("out",), 80, False)),
        ({"out": (1, 84, 8400)}, (640, 640), 0, None),
        ({"out": (1, 1000)}, (224, 224), 0, None),
    ],
)
def test_the_output_is_identified_by_its_shape(
    shapes: dict[str, tuple[int, ...]], size: tuple[int, int], labels: int, found: HeadMatch | None
) -> None:
    match = find(Evidence(shapes, size, labels))
    assert (match and match[:3]) == (found and found[:3])


@pytest.mark.parametrize(("declared", "is_certain"), [("auto", False), ("sigmoid", True)])
def test_logits_need_the_head_or_the_sigmoid_declared(declared: str, is_certain: bool) -> None:
    rows = np.full((1, 63, 7), -6.0, np.float32)
    rows[0, :, :4] = [16.0, 16.0, 8.0, 8.0]
    rows[0, 5, 4:] = [2.0, -3.0, 1.0]
    match = find(ran({"out": rows}, (32, 32), activation=declared))
    assert match is not None and match.decode is not None
    assert (match.is_certain, match.activation) == (is_certain, "sigmoid")
    found = match.decode([rows[0]], (32, 32), 2)
    assert (found.class_ids.tolist(), found.scores.round(4).tolist()) == ([1.0], [pytest.approx(0.6439)])
