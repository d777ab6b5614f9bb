from __future__ import annotations

import numpy as np
import pytest

from vision.heads import Found
from vision.heads.yolov8 import decode, find

from .things import CLASSES, THINGS, assert_found

SIZE = (64, 32)
ROWS = 32 + 8 + 2


@pytest.mark.parametrize("turned", [False, True], ids=["columns first", "rows first"])
@pytest.mark.parametrize("unit", [SIZE, (1, 1)], ids=["pixels", "fractions"])
def test_boxes_come_out_as_they_were_put_in(unit: tuple[int, int], turned: bool) -> None:
    rows = np.full((ROWS, 4 + CLASSES + 3), 0.01, np.float32)  # 3 more, such as coefficients of masks
    rows[:, :4] = [*unit, *unit]
    for row, thing in zip((40, 7, 33), THINGS, strict=True):
        rows[row] = [*thing.centre * unit, *thing.size * unit, *thing.score * thing.columns, 9, 9, 9]
    assert_found(decode([rows if turned else rows.T], SIZE, CLASSES))


@pytest.mark.parametrize(
    ("shapes", "size", "labels", "found"),
    [
        ({"out": (1, 84, 8400)}, (640, 640), 0, Found(("out",), 80, True)),
        ({"out": (1, 84, 8400)}, (640, 640), 80, Found(("out",), 80, True)),
        ({"out": (1, 84, 8400)}, (640, 640), 90, Found(("out",), 80, False)),
        ({"out": (1, 84, 6300)}, (640, 480), 0, Found(("out",), 80, True)),
        ({"out": (1, 5, 8400)}, (640, 640), 0, Found(("out",), 1, True)),
        ({"out": (1, 8400, 84)}, (640, 640), 80, Found(("out",), 80, True)),
        ({"out": (1, 8400, 84)}, (640, 640), 0, Found(("out",), 80, False)),
        ({"out": (1, 116, 8400), "masks": (1, 32, 160, 160)}, (640, 640), 0, Found(("out",), 80, True)),
        ({"out": (1, 116, 8400), "masks": (1, 160, 160, 32)}, (640, 640), 80, Found(("out",), 80, True)),
        ({"out": (1, 56, 8400)}, (640, 640), 1, Found(("out",), 1, True)),
        ({"out": (1, 21, 100)}, (640, 640), 0, Found(("out",), 17, False)),
        ({"out": (1, 4, 8400)}, (640, 640), 0, None),
        ({"out": (1, 1000)}, (224, 224), 0, None),
    ],
)
def test_the_output_is_known_by_its_shape(
    shapes: dict[str, tuple[int, ...]], size: tuple[int, int], labels: int, found: Found | None
) -> None:
    assert find(shapes, size, labels) == found
