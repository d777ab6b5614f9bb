from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.head import HeadMatch
from vision.outputs.heads.yolov8 import HEAD, decode, find

from .expected_boxes import CLASSES, THINGS, assert_found, assert_given

SIZE = (64, 32)
ROWS = 32 + 8 + 2


@pytest.mark.parametrize("turned", [False, True], ids=["columns first", "rows first"])
@pytest.mark.parametrize("unit", [SIZE, (1, 1)], ids=["pixels", "fractions"])
def test_encoded_boxes_are_decoded(unit: tuple[int, int], turned: bool) -> None:
    rows = np.full((ROWS, 4 + CLASSES + 3), 0.01, np.float32)  # 3 more, such as coefficients of masks
    rows[:, :4] = [*unit, *unit]
    for row, thing in zip((40, 7, 33), THINGS, strict=True):
        rows[row] = [*thing.centre * unit, *thing.size * unit, *thing.score * thing.columns, 9, 9, 9]
    assert_found(decode([rows if turned else rows.T], SIZE, CLASSES))


# ultralytics 8.4.190: utils.nms.non_max_suppression
GOLDEN_ROWS = (
    (39.38, 27.175, 24.17, 9.86, 0.3, 0.874, 0.005),
    (39.88, 27.675, 24.67, 10.36, 0.27, 0.7866, 0.0045),
    (32.75, 17.72, 29.88, 24.61, 0.622, 0.989, 0.215),
    (13.81, 19.345, 5.14, 4.93, 0.515, 0.466, 0.917),
)
GOLDEN = (
    (17.81, 5.415, 47.69, 30.025, 0.989, 1),
    (11.24, 16.88, 16.38, 21.81, 0.917, 2),
    (27.295, 22.245, 51.465, 32.105, 0.874, 1),
)
# The same: utils.ops.xywhr2xyxyxyxy, the lowest and the highest of its corners
GOLDEN_ANGLES = (1.188, 0.0, 0.842, 0.791)
GOLDEN_TURNED = (
    (13.62113, -1.61968, 51.87886, 37.05968, 0.989, 1),
    (10.25019, 15.78436, 17.36981, 22.90564, 0.917, 2),
    (30.29288, 14.12323, 48.46712, 40.22677, 0.874, 1),
)


def golden_output(
    *more: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows = np.zeros((ROWS, 7), np.float32)
    rows[10:14] = GOLDEN_ROWS
    return np.hstack([rows, *more])


def test_boxes_equal_those_of_the_original() -> None:
    assert_given(decode([golden_output().T], SIZE, 3), GOLDEN, SIZE, HEAD)
    assert_given(decode([golden_output(np.zeros((ROWS, 2), np.float32)).T], SIZE, 3), GOLDEN, SIZE, HEAD)


@pytest.mark.parametrize("unit", [SIZE, (1, 1)], ids=["pixels", "fractions"])
def test_a_rotated_box_becomes_its_upright_bounds(unit: tuple[int, int]) -> None:
    angles = np.zeros((ROWS, 1), np.float32)
    angles[10:14, 0] = GOLDEN_ANGLES
    rows = golden_output(angles)
    rows[11] = 0.0
    rows[:, :4] *= np.array([*unit, *unit]) / np.array([*SIZE, *SIZE])
    assert_given(decode([rows.T], SIZE, 3), GOLDEN_TURNED, SIZE)


def test_noise_wider_than_the_input_does_not_make_pixels_of_fractions() -> None:
    rows = golden_output()
    rows[:, :4] /= [*SIZE, *SIZE]
    rows[0, 2:4] = 9.0
    assert_given(decode([rows.T], SIZE, 3), GOLDEN, SIZE, HEAD)


@pytest.mark.parametrize(
    ("shapes", "size", "labels", "found"),
    [
        ({"out": (1, 84, 8400)}, (640, 640), 0, HeadMatch(("out",), 80, True)),
        ({"out": (1, 84, 8400)}, (640, 640), 80, HeadMatch(("out",), 80, True)),
        ({"out": (1, 84, 8400)}, (640, 640), 90, HeadMatch(("out",), 80, True)),
        ({"out": (1, 84, 6300)}, (640, 480), 0, HeadMatch(("out",), 80, True)),
        ({"out": (1, 5, 8400)}, (640, 640), 0, HeadMatch(("out",), 1, True)),
        ({"out": (1, 8400, 84)}, (640, 640), 80, HeadMatch(("out",), 80, True)),
        ({"out": (1, 8400, 84)}, (640, 640), 0, HeadMatch(("out",), 80, False)),
        ({"out": (1, 116, 8400), "masks": (1, 32, 160, 160)}, (640, 640), 0, HeadMatch(("out",), 80, True)),
        ({"out": (1, 116, 8400), "masks": (1, 160, 160, 32)}, (640, 640), 80, HeadMatch(("out",), 80, True)),
        ({"out": (1, 116, 189), "masks": (1, 32, 24, 24)}, (96, 96), 0, HeadMatch(("out",), 80, True)),
        ({"out": (1, 84, 34000)}, (640, 640), 80, HeadMatch(("out",), 80, True)),  # a grid for small things
        ({"out": (1, 20, 8400)}, (640, 640), 15, HeadMatch(("out",), 15, True)),  # turned boxes
        ({"out": (1, 56, 8400)}, (640, 640), 1, HeadMatch(("out",), 1, True)),
        ({"out": (1, 21, 100)}, (640, 640), 0, HeadMatch(("out",), 17, False)),
        ({"out": (1, 4, 8400)}, (640, 640), 0, None),
        ({"out": (1, 1000)}, (224, 224), 0, None),
    ],
)
def test_the_output_is_identified_by_its_shape(
    shapes: dict[str, tuple[int, ...]], size: tuple[int, int], labels: int, found: HeadMatch | None
) -> None:
    match = find(Evidence(shapes, size, labels))
    assert (match and match[:3]) == (found and found[:3])
