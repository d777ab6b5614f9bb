from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.head import HeadMatch
from vision.outputs.heads.yolov10 import decode, find
from vision.runtimes.base import Metadata

from .expected_boxes import CLASSES, THINGS, assert_found, assert_given
from .given import ran

SIZE = (640, 320)


@pytest.mark.parametrize("unit", [SIZE, (1, 1)], ids=["pixels", "fractions"])
def test_encoded_boxes_are_decoded(unit: tuple[int, int]) -> None:
    rows = np.zeros((300, 6), np.float32)
    for row, thing in enumerate(THINGS):
        rows[row] = [*np.array(thing.box) * [*unit, *unit], thing.score, thing.number]
    assert_found(decode([rows], SIZE, CLASSES))


def test_columns_after_the_labels_are_ignored() -> None:
    rows = np.zeros((300, 38), np.float32)
    for row, thing in enumerate(THINGS):
        rows[row] = [*np.array(thing.box) * [*SIZE, *SIZE], thing.score, thing.number, *[9] * 32]
    assert_found(decode([rows], SIZE, CLASSES))


def test_a_rotated_box_becomes_its_upright_bounds() -> None:
    rows = np.zeros((300, 7), np.float32)
    rows[0] = [39.38, 27.175, 24.17, 9.86, 0.874, 1, 1.188]
    rows[1] = [13.81, 19.345, 5.14, 4.93, 0.515, 0, 0.791]
    golden = (  # ultralytics 8.4.190: utils.ops.xywhr2xyxyxyxy, the lowest and the highest of its corners
        (30.29288, 14.12323, 48.46712, 40.22677, 0.874, 1),
        (10.25019, 15.78436, 17.36981, 22.90564, 0.515, 0),
    )
    assert_given(decode([rows], SIZE, CLASSES), golden, SIZE)


@pytest.mark.parametrize(("box", "is_certain"), [((200, 60, 240, 160), True), ((200, 60, 40, 100), False)])
def test_boxes_that_are_no_corners_are_not_taken_for_them(box: tuple[int, ...], is_certain: bool) -> None:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, :2] = [*box, 0.9, 1]
    match = find(ran({"out": rows}, channels_first=True))
    assert match is not None and match.is_certain == is_certain


def test_non_finite_rows_are_harmless() -> None:
    assert len(decode([np.full((300, 6), np.nan, np.float32)], SIZE, CLASSES).scores) == 0


@pytest.mark.parametrize(
    ("shapes", "size", "found"),
    [
        ({"out": (1, 300, 6)}, (640, 640), HeadMatch(("out",), 0, True)),
        ({"out": (1, 300, 6), "more": (1, 3)}, (640, 640), HeadMatch(("out",), 0, False)),
        ({"out": (1, 300, 38), "masks": (1, 32, 160, 160)}, (640, 640), HeadMatch(("out",), 0, True)),
        ({"out": (1, 300, 7)}, (640, 640), HeadMatch(("out",), 0, False)),  # turned boxes, as it seems
        ({"out": (1, 300, 57)}, (640, 640), HeadMatch(("out",), 0, False)),  # keypoints, as it seems
        ({"out": (1, 25200, 6)}, (640, 640), HeadMatch(("out",), 0, False)),
        ({"out": (1, 525, 6)}, (160, 160), HeadMatch(("out",), 0, False)),  # raw boxes of one label
        ({"out": (1, 567, 6)}, (96, 96), HeadMatch(("out",), 0, False)),
        ({"out": (1, 8400, 85)}, (640, 640), None),
        ({"out": (1, 300, 5)}, (640, 640), None),
    ],
)
def test_the_output_is_identified_by_its_shape(
    shapes: dict[str, tuple[int, ...]], size: tuple[int, int], found: HeadMatch | None
) -> None:
    match = find(Evidence(shapes, size, 0, channels_first=True))
    assert (match and match[:3]) == (found and found[:3])


def test_rows_need_a_score_and_a_whole_class_number() -> None:
    rows = np.zeros((1, 30, 6))
    rows[0, 3] = [10, 10, 20, 20, 0.9, 2]
    match = find(ran({"out": rows}, channels_first=True))
    assert match is not None and match.is_certain
    match = find(ran({"out": rows[..., [5, 4, 0, 1, 2, 3]]}, channels_first=True))  # class and score first
    assert match is not None and not match.is_certain


def test_corners_need_a_reason_to_begin_with_x() -> None:
    rows = np.zeros((1, 30, 6))
    rows[0, 3] = [10, 20, 600, 300, 0.9, 2]
    assert [
        (match := find(evidence)) is not None and match.is_certain
        for evidence in (
            ran({"out": rows}),
            ran({"out": rows}, SIZE),  # with y first, it would leave the picture
            ran({"out": rows}, (320, 640), channels_first=True),
            ran({"out": rows}, channels_first=True),
            ran({"output0": rows}),
            ran({"out": rows}, metadata=Metadata(properties={"names": "{0: 'cat'}"})),
        )
    ] == [False, True, False, True, True, True]
