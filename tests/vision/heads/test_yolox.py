from __future__ import annotations

import math

import numpy as np
import pytest

from vision.heads import Found
from vision.heads.yolox import decode, find

from .things import CLASSES, THINGS, assert_found

SIZE = (64, 32)
LARGE = (128, 64)  # as for 1280: a fourth grid


def cell(row: int, size: tuple[int, int]) -> tuple[int, int, int]:
    """Return (column, row, stride) of the cell that a row of the output stands for, by counting."""
    for stride in (8, 16, 32, 64):
        across, down = size[0] // stride, size[1] // stride
        if row < across * down:
            return row % across, row // across, stride
        row -= across * down
    raise AssertionError


@pytest.mark.parametrize(
    ("size", "count", "places"),
    [(SIZE, 32 + 8 + 2, (9, 33, 41)), (LARGE, 128 + 32 + 8 + 2, (9, 133, 169))],
    ids=["three grids", "four grids"],
)
def test_boxes_come_out_as_they_were_put_in(size: tuple[int, int], count: int, places: tuple[int, ...]) -> None:
    rows = np.full((count, 5 + CLASSES), 0.01, np.float32)
    for place, thing in zip(places, THINGS, strict=True):
        column, row, stride = cell(place, size)
        centre = thing.centre * size / stride - (column, row)
        rows[place] = [*centre, *(math.log(side) for side in thing.size * size / stride), thing.score, *thing.columns]
    assert_found(decode([rows], size, CLASSES))


def test_boxes_that_the_export_has_computed_are_taken_as_they_are() -> None:
    rows = np.full((42, 5 + CLASSES), 0.01, np.float32)
    rows[:, :4] = [*SIZE, *SIZE]
    for place, thing in zip((9, 33, 41), THINGS, strict=True):
        rows[place] = [*thing.centre * SIZE, *thing.size * SIZE, thing.score, *thing.columns]
    assert_found(decode([rows], SIZE, CLASSES))


def test_a_size_beyond_all_measure_does_no_harm() -> None:
    rows = np.full((42, 5 + CLASSES), 1.0, np.float32)
    rows[:, 2:4] = 1e30
    assert np.isfinite(decode([rows], SIZE, CLASSES).boxes).all()


@pytest.mark.parametrize(
    ("shapes", "labels", "found"),
    [
        ({"out": (1, 8400, 85)}, 0, Found(("out",), 80, True)),
        ({"out": (1, 8400, 85)}, 80, Found(("out",), 80, True)),
        ({"out": (1, 8400, 85)}, 81, Found(("out",), 80, False)),
        ({"out": (1, 8401, 85)}, 0, None),
        ({"out": (1, 84, 8400)}, 0, None),
    ],
)
def test_the_output_is_known_by_its_shape(shapes: dict[str, tuple[int, ...]], labels: int, found: Found | None) -> None:
    assert find(shapes, (640, 640), labels) == found
