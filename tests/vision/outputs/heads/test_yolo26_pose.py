from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.table import find_head
from vision.outputs.heads.yolo26_pose import HEAD, find
from vision.runtimes import Metadata

from .test_yolo_pose import PEOPLE, SIZE, Rows, assert_golden, detector, raw

ROWS = 20
# ultralytics 8.4.190: utils.nms.non_max_suppression with end2end=True, and as in test_yolo_pose.py. The row of 0.6151
# is there too, since nothing is suppressed; classes alternate from row to row.
NUMBERS = {0.9213: 1, 0.8252: 1, 0.6819: 1, 0.6719: 1, 0.6629: 0, 0.6561: 0, 0.5937: 1, 0.5843: 1, 0.4426: 0}
NUMBERS |= {0.3397: 0, 0.3137: 0}
ALSO = ((3.98, 0.0, 26.22, 15.42), 0.6151, 0, ((3.923, 0.0, 0.867), (10.655, 9.652, 0.091), (22.878, 15.415, 0.234)))
GOLDEN = tuple(
    sorted((*((box, score, NUMBERS[score], points) for box, score, _, points in PEOPLE), ALSO), key=lambda row: -row[1])
)


def finished() -> Rows:
    """Return corners, score, class and points."""
    rows = raw(1, 3, 3)[:ROWS]
    out = np.zeros((ROWS, 6 + 9), np.float32)
    out[:, :2], out[:, 2:4] = rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2
    out[:, 4], out[:, 5], out[:, 6:] = rows[:, 4], np.arange(ROWS) % 2, rows[:, 5:]
    return out


def evidence(shape: tuple[int, ...], task: str = "pose", points: tuple[int, ...] = (3, 3), labels: int = 0) -> Evidence:
    return Evidence({"out": shape}, SIZE, labels, metadata=Metadata(task=task, keypoints_shape=points))


@pytest.mark.parametrize("unit", ["pixels", "fractions"])
def test_rows_equal_those_of_the_original(unit: str) -> None:
    rows = finished()
    if unit == "fractions":
        rows[:, :4] /= 64
        rows[:, 6:].reshape(ROWS, 3, 3)[..., :2] /= 64
    assert_golden(detector(HEAD, evidence((1, ROWS, 15)), iou_threshold=1.0), rows[None], GOLDEN)


def test_rows_are_known_by_the_model_file() -> None:
    chosen = find_head(None, evidence((1, 300, 57), points=(17, 3)))
    assert chosen is not None
    assert (chosen[0].name, chosen[1].points is not None) == ("yolo26_pose", True)
    found = find(evidence((1, 300, 57), task="", points=()))
    assert found is not None and not found.is_certain


def test_labels_are_not_counted_by_the_outputs() -> None:
    decoder = detector(HEAD, evidence((1, ROWS, 15), labels=3), ("cat", "dog", "owl"))
    found = decoder.find_points({"out": finished()[None]}, SIZE)
    assert {item.label for item in found} == {"cat", "dog"}


@pytest.mark.parametrize("shape", [(1, 300, 6), (1, 300, 14), (1, 84, 15), (1, 2000, 15), (1, 300)])
def test_other_outputs_do_not_match(shape: tuple[int, ...]) -> None:
    assert find(evidence(shape)) is None
