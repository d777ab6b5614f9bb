from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.head import HeadMatch
from vision.outputs.heads.yolov8 import HEAD, decode, find
from vision.outputs.scores.scored_boxes import NonMaxSuppression
from vision.runtimes.base import Metadata

from .expected_boxes import CLASSES, THINGS, assert_found, assert_given
from .given import ran

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
        ({"out": (1, 8400, 84)}, (640, 640), 0, HeadMatch(("out",), 80, True)),
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


# ultralytics 8.4.190, on torch 2.14.1: utils.nms.non_max_suppression with rotated, utils.ops.xywhr2xyxyxyxy
TURNED = (
    (36.76, 18.18, 44.89, 7.66, 26.16, -6.82, 18.03, 3.7, 0.993, 2),
    (31.87, 24.44, 29.83, 9.11, 8.69, 11.92, 10.73, 27.25, 0.914, 0),
    (55.93, 20.7, 54.73, 0.84, 31.81, 2.22, 33.01, 22.08, 0.888, 2),
    (34.85, 21.14, 35.92, 7.0, 19.03, 5.74, 17.96, 19.88, 0.887, 1),
    (25.82, 23.47, 34.0, 7.36, 13.34, -3.13, 5.16, 12.98, 0.843, 2),
    (40.49, 14.66, 35.63, 7.02, 18.63, 17.82, 23.49, 25.46, 0.84, 0),
    (13.34, 31.24, 24.26, 22.75, 11.32, 6.1, 0.4, 14.59, 0.813, 2),
    (41.12, 31.51, 48.95, 23.77, 32.9, 7.53, 25.07, 15.27, 0.764, 1),
    (52.15, 13.64, 58.39, 4.98, 47.09, -3.16, 40.85, 5.5, 0.715, 2),
    (56.88, 26.75, 59.02, 17.74, 50.9, 15.81, 48.76, 24.82, 0.608, 0),
    (55.29, 15.41, 62.64, 11.51, 55.63, -1.71, 48.28, 2.19, 0.601, 2),
    (32.57, 30.49, 29.29, 16.03, 10.49, 20.29, 13.77, 34.75, 0.586, 1),
    (54.66, 16.52, 51.43, 7.5, 39.46, 11.78, 42.69, 20.8, 0.576, 1),
    (36.24, 39.13, 43.81, 25.18, 25.62, 15.31, 18.05, 29.26, 0.549, 0),
    (24.23, 13.84, 18.8, -1.46, 6.25, 3.0, 11.68, 18.3, 0.439, 0),
    (37.76, 27.35, 40.62, 16.63, 32.48, 14.45, 29.62, 25.17, 0.432, 2),
    (25.35, 19.06, 20.74, 0.46, 3.51, 4.74, 8.12, 23.34, 0.419, 1),
    (50.9, 13.21, 39.97, -4.65, 23.4, 5.49, 34.33, 23.35, 0.374, 0),
)


def turned_output() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return 42 turned boxes with three scores each."""
    random, rows = np.random.default_rng(8), np.zeros((ROWS, 8), np.float32)
    rows[:, :2] = random.uniform((8, 4), (56, 28), (ROWS, 2)).round(2)
    rows[:, 2:4] = random.uniform(8, 24, (ROWS, 2)).round(2)
    rows[:, 4:7] = random.uniform(0, 1, (ROWS, 3)) ** 3
    rows[:, 7] = random.uniform(-0.7, 1.5, ROWS).round(3)
    return rows


def test_turned_boxes_and_their_suppression_equal_those_of_the_original() -> None:
    found = decode([turned_output().T], SIZE, 3)
    found = NonMaxSuppression(0.45).apply(found.best(found.scores > 0.3))
    assert found.polygons is not None
    made = np.column_stack([(found.polygons * SIZE).reshape(-1, 8), found.scores, found.class_ids])
    assert made.shape == (len(TURNED), 10)
    assert np.allclose(made[made[:, 0].argsort()], sorted(TURNED), atol=0.01)
    assert np.allclose(found.boxes[0] * [*SIZE, *SIZE], (18.03, -6.82, 44.89, 18.18), atol=0.01)


def test_the_task_in_the_model_file_tells_the_angle_from_a_label() -> None:
    def classes(task: str) -> int | None:
        match = find(ran({"out": (1, 20, 8400)}, metadata=Metadata(task=task)))
        return match and match.classes

    assert (classes("obb"), classes("detect")) == (15, 16)


def test_coefficients_of_masks_go_with_their_boxes() -> None:
    match = find(ran({"out": (1, 4 + 3 + 32, ROWS), "masks": (1, 32, 8, 16)}, SIZE))
    assert match is not None and match.decode is not None
    assert (match.classes, match.prototypes) == (3, "masks")
    rows = np.hstack([golden_output(), np.tile(np.arange(ROWS, dtype=np.float32)[:, None], 32)])
    found = match.decode([rows.T], SIZE, 3)
    found = found.best(found.scores > -np.inf)
    assert found.coefficients is not None
    assert found.coefficients[:, 0].tolist() == [12, 13, 10, 11]


def test_a_declared_sigmoid_is_applied() -> None:
    match = find(ran({"out": (1, 7, ROWS)}, SIZE, activation="sigmoid"))
    assert match is not None and match.decode is not None
    rows = golden_output()
    rows[:, 4:] = -9.0
    rows[11, 4:] = [-1.0, 2.0, 0.0]
    assert_given(match.decode([rows.T], SIZE, 3), [(27.545, 22.495, 52.215, 32.855, 0.8808, 1)], SIZE)


def test_logits_and_what_is_no_score_are_seen_in_the_trial_run() -> None:
    rows = golden_output()
    match = find(ran({"out": rows.T[None]}, SIZE))
    assert match is not None and (match.is_certain, match.activation) == (True, "none")
    rows[:, 4:] = -9.0
    match = find(ran({"out": rows.T[None]}, SIZE))
    assert match is not None and (match.is_certain, match.activation) == (True, "sigmoid")
    rows[:, 4:] = 300.0  # as key points in pixels are
    match = find(ran({"out": rows.T[None]}, SIZE))
    assert match is not None and not match.is_certain
