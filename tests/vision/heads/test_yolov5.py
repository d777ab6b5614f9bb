from __future__ import annotations

import numpy as np
import pytest

from vision.heads import Found
from vision.heads.yolov5 import decode, find

from .things import CLASSES, THINGS, assert_found

SIZE = (64, 32)
ROWS = 3 * (32 + 8 + 2)


@pytest.mark.parametrize("unit", [SIZE, (1, 1)], ids=["pixels", "fractions"])
def test_boxes_come_out_as_they_were_put_in(unit: tuple[int, int]) -> None:
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
    assert found.numbers.tolist() == [1]


@pytest.mark.parametrize(
    ("shapes", "size", "labels", "found"),
    [
        ({"out": (1, 25200, 85)}, (640, 640), 0, Found(("out",), 80, True)),
        ({"out": (1, 25200, 85)}, (640, 640), 80, Found(("out",), 80, True)),
        ({"out": (1, 25200, 85)}, (640, 640), 90, Found(("out",), 80, False)),
        ({"out": (1, 25200, 117), "masks": (1, 32, 160, 160)}, (640, 640), 80, Found(("out",), 80, True)),
        ({"out": (1, 102000, 85)}, (1280, 1280), 0, Found(("out",), 80, True)),
        ({"out": (1, 8400, 85)}, (640, 640), 0, Found(("out",), 80, False)),
        ({"out": (1, 84, 8400)}, (640, 640), 0, None),
        ({"out": (1, 1000)}, (224, 224), 0, None),
    ],
)
def test_the_output_is_known_by_its_shape(
    shapes: dict[str, tuple[int, ...]], size: tuple[int, int], labels: int, found: Found | None
) -> None:
    assert find(shapes, size, labels) == found
