from __future__ import annotations

import math

import numpy as np
import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.head import HeadMatch
from vision.outputs.heads.yolox import decode, find

from .expected_boxes import CLASSES, THINGS, assert_found, assert_given
from .given import ran

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
def test_encoded_boxes_are_decoded(size: tuple[int, int], count: int, places: tuple[int, ...]) -> None:
    rows = np.full((count, 5 + CLASSES), 0.01, np.float32)
    for place, thing in zip(places, THINGS, strict=True):
        column, row, stride = cell(place, size)
        centre = thing.centre * size / stride - (column, row)
        rows[place] = [*centre, *(math.log(side) for side in thing.size * size / stride), thing.score, *thing.columns]
    assert_found(decode([rows], size, CLASSES))


@pytest.mark.parametrize(
    ("size", "count", "places", "rows", "golden"),
    [  # yolox 0.3.0: utils.demo_utils.demo_postprocess, then utils.boxes.postprocess
        (
            SIZE,
            42,
            (9, 33, 41),
            (
                (-0.198, 0.381, -0.401, 0.006, 0.458, 0.968, 0.215, 0.672),
                (0.101, 1.248, 0.656, -0.671, 0.907, 0.945, 0.904, 0.57),
                (-0.209, -0.115, 1.32, 0.381, 0.508, 0.884, 0.642, 0.57),
            ),
            (
                (2.19945, 15.87842, 33.03255, 24.05758, 0.85711, 0),
                (-34.58274, -27.09996, 85.20674, 19.73996, 0.44907, 0),
                (3.7374, 7.02393, 9.0946, 15.07207, 0.44334, 0),
            ),
        ),
        (
            LARGE,
            170,
            (9, 133, 169),
            (
                (0.253, 0.322, -0.401, -0.905, 0.926, 0.468, 0.548, 0.322),
                (1.003, -0.45, -0.07, -0.924, 0.474, 0.967, 0.658, 0.428),
                (0.547, 1.246, -0.139, 0.476, 0.81, 0.355, 0.519, 0.765),
            ),
            (
                (71.1607, 28.23606, 126.85529, 131.25194, 0.61965, 2),
                (71.3454, 0.95783, 76.70261, 4.19417, 0.50745, 1),
                (88.58885, -10.37543, 103.50716, -4.02457, 0.45836, 0),
            ),
        ),
    ],
    ids=["three grids", "four grids"],
)
def test_boxes_equal_those_of_the_original(
    size: tuple[int, int],
    count: int,
    places: tuple[int, ...],
    rows: tuple[tuple[float, ...], ...],
    golden: tuple[tuple[float, ...], ...],
) -> None:
    output = np.zeros((count, 8), np.float32)
    output[list(places)] = rows
    assert_given(decode([output], size, 3), golden, size)


def test_non_finite_rows_are_harmless() -> None:
    assert len(decode([np.full((42, 5 + CLASSES), np.nan, np.float32)], SIZE, CLASSES).scores) == 0


def test_boxes_decoded_by_the_export_are_unchanged() -> None:
    rows = np.full((42, 5 + CLASSES), 0.01, np.float32)
    rows[:, :4] = [*SIZE, *SIZE]
    for place, thing in zip((9, 33, 41), THINGS, strict=True):
        rows[place] = [*thing.centre * SIZE, *thing.size * SIZE, thing.score, *thing.columns]
    assert_found(decode([rows], SIZE, CLASSES))


def test_huge_boxes_are_harmless() -> None:
    rows = np.full((42, 5 + CLASSES), 1.0, np.float32)
    rows[:, 2:4] = 1e30
    assert np.isfinite(decode([rows], SIZE, CLASSES).boxes).all()


@pytest.mark.parametrize(
    ("shapes", "labels", "found"),
    [
        ({"out": (1, 8400, 85)}, 0, HeadMatch(("out",), 80, True)),
        ({"out": (1, 8400, 85)}, 80, HeadMatch(("out",), 80, True)),
        ({"out": (1, 8400, 85)}, 81, HeadMatch(("out",), 80, False)),
        ({"out": (1, 8401, 85)}, 0, None),
        ({"out": (1, 84, 8400)}, 0, None),
    ],
)
def test_the_output_is_identified_by_its_shape(
    shapes: dict[str, tuple[int, ...]], labels: int, found: HeadMatch | None
) -> None:
    match = find(Evidence(shapes, (640, 640), labels))
    assert (match and match[:3]) == (found and found[:3])


def test_labels_or_values_tell_it_from_yolov8_and_yolov6() -> None:
    rows = np.zeros((1, 42, 8))
    match = find(ran({"outputs": rows}, (64, 32)))
    assert match is not None and (match.is_certain, match.preparation) == (False, None)
    assert find(ran({"outputs": rows}, (64, 32), 3)) == match._replace(is_certain=True)
    raw = rows.copy()
    raw[..., 2] = -1.0  # the logarithm of a width, which YOLOv8 does not give
    match = find(ran({"outputs": raw}, (64, 32)))
    assert match is not None and (match.is_certain, match.preparation) == (True, None)
    rows[..., 4] = 1.0
    match = find(ran({"outputs": rows}, (64, 32)))
    assert match is not None and match.is_certain and match.preparation is not None
    assert (match.preparation.bgr, match.preparation.std) == (False, (1.0, 1.0, 1.0))
