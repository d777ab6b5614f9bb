from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cameras import BoundingBox
from vision.outputs.head_detector import HeadDetector
from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.head import Head
from vision.outputs.heads.table import find_head, possible_heads
from vision.outputs.heads.yolo_pose import HEAD, find
from vision.outputs.scores import NonMaxSuppression, Thresholds
from vision.runtimes import Metadata

SIZE = (64, 64)
CELLS = 64 + 16 + 4
BESIDE = BoundingBox(0.0, 0.25, 1.0, 0.75)  # a picture of 64x32, letterboxed
PICTURE = (64, 32)

Golden = tuple[tuple[float, ...], float, int, tuple[tuple[float, ...], ...]]
Rows = np.ndarray[tuple[int, int], np.dtype[np.float32]]


def raw(classes: int, points: int, values: int) -> Rows:
    """Return the rows whose golden results are below."""
    random = np.random.default_rng(11)
    rows = np.zeros((CELLS, 4 + classes + points * values), np.float32)
    rows[:, 0], rows[:, 1] = random.uniform(8, 56, CELLS), random.uniform(20, 44, CELLS)
    rows[:, 2:4] = random.uniform(6, 24, (CELLS, 2))
    rows[:, 4 : 4 + classes] = random.uniform(0, 0.02, (CELLS, classes))
    rows[:12, 4 : 4 + classes] = random.uniform(0.2, 0.95, (12, classes))
    found = random.uniform(-1, 1, (CELLS, points, values))
    found[..., :2] = rows[:, None, :2] + found[..., :2] * 16
    found[..., 2:] = np.abs(found[..., 2:])
    rows[:, 4 + classes :] = found.reshape(CELLS, -1)
    return rows


# ultralytics 8.4.190: utils.nms.non_max_suppression, then utils.ops.scale_boxes and scale_coords, as
# models.yolo.pose.PosePredictor does: corners in pixels of the picture, score, class, and the points.
PEOPLE: tuple[Golden, ...] = (
    (
        (46.87, 4.89, 58.24, 22.5),
        0.9213,
        0,
        ((53.685, 0.817, 0.429), (43.682, 7.571, 0.351), (54.954, 8.346, 0.346)),
    ),
    ((0.0, 0.0, 19.43, 13.69), 0.8252, 0, ((19.552, 20.523, 0.796), (24.238, 0.0, 0.67), (0.683, 0.528, 0.769))),
    (
        (28.15, 9.06, 47.55, 25.14),
        0.6819,
        0,
        ((38.813, 20.096, 0.386), (43.321, 2.425, 0.278), (51.342, 22.542, 0.95)),
    ),
    (
        (24.02, 8.29, 39.91, 14.8),
        0.6719,
        0,
        ((26.013, 23.331, 0.19), (47.342, 0.794, 0.883), (40.684, 13.72, 0.418)),
    ),
    ((10.31, 8.54, 18.04, 20.39), 0.6629, 0, ((8.567, 14.59, 0.255), (26.676, 13.233, 0.05), (6.445, 6.587, 0.908))),
    (
        (15.67, 12.84, 35.76, 26.91),
        0.6561,
        0,
        ((26.08, 29.802, 0.719), (38.369, 17.841, 0.753), (19.978, 23.854, 0.693)),
    ),
    (
        (7.77, 19.91, 20.69, 28.66),
        0.5937,
        0,
        ((27.669, 16.049, 0.038), (20.023, 32.0, 0.504), (13.494, 9.744, 0.424)),
    ),
    (
        (24.45, 17.05, 40.64, 24.18),
        0.5843,
        0,
        ((39.31, 24.452, 0.941), (19.363, 7.879, 0.103), (47.097, 26.582, 0.381)),
    ),
    ((42.63, 12.59, 64.0, 31.02), 0.4426, 0, ((64.0, 32.0, 0.164), (62.688, 32.0, 0.336), (64.0, 20.156, 0.682))),
    ((5.32, 0.13, 17.44, 19.63), 0.3397, 0, ((21.981, 0.0, 0.989), (0.0, 21.58, 0.267), (18.675, 24.528, 0.564))),
    ((32.48, 11.72, 41.27, 32.0), 0.3137, 0, ((43.99, 20.265, 0.269), (28.186, 6.6, 0.353), (36.055, 32.0, 0.472))),
)
THINGS: tuple[Golden, ...] = (
    ((10.31, 8.54, 18.04, 20.39), 0.9357, 0, ((8.438, 18.442), (25.262, 21.227), (18.009, 29.525), (0.987, 1.728))),
    ((0.0, 0.0, 19.43, 13.69), 0.9354, 0, ((2.263, 18.611), (4.516, 15.939), (0.0, 17.392), (0.97, 0.0))),
    ((42.63, 12.59, 64.0, 31.02), 0.9314, 1, ((39.884, 14.158), (47.332, 16.865), (60.138, 11.156), (51.705, 25.222))),
)


def detector(head: Head, model: Evidence, labels: tuple[str, ...] = (), iou_threshold: float = 0.45) -> HeadDetector:
    found = head.find(model)
    assert found is not None
    return HeadDetector(head, found, labels, Thresholds(0.25), "pose", NonMaxSuppression(iou_threshold, 100))


def pose(rows: Rows, points: int, values: int) -> Evidence:
    metadata = Metadata(task="pose", keypoints_shape=(points, values))
    return Evidence({"out": rows.T[None].shape}, SIZE, metadata=metadata)


def assert_golden(decoder: HeadDetector, output: Any, wanted: tuple[Golden, ...], most: int | None = None) -> None:
    """Compare boxes and points with golden ones within a pixel and 0.01."""
    outputs = {"out": output}
    found = decoder.find_points(outputs, SIZE, BESIDE)[:most]
    boxes = decoder.postprocess(outputs, SIZE, BESIDE)[:most]
    assert len(found) == len(boxes) == len(wanted)
    for item, detection, (corners, score, number, points) in zip(found, boxes, wanted, strict=True):
        assert (item.label, item.confidence, item.box) == (detection.label, detection.confidence, detection.box)
        assert item.label == str(number)
        assert item.confidence == pytest.approx(score, abs=0.001)
        box = item.box
        assert box is not None
        in_pixels = [box.x_min * 64, box.y_min * 32, box.x_max * 64, box.y_max * 32]
        assert in_pixels == pytest.approx(corners, abs=0.02)
        for point, (x, y, *confidence) in zip(item.points, points, strict=True):
            assert (point.x * 64, point.y * 32) == pytest.approx((x, y), abs=0.02)
            assert point.confidence == pytest.approx((confidence or [score])[0], abs=0.001)


@pytest.mark.parametrize("turned", [False, True], ids=["columns first", "rows first"])
@pytest.mark.parametrize("unit", ["pixels", "fractions"])
def test_people_equal_those_of_the_original(turned: bool, unit: str) -> None:
    rows = raw(1, 3, 3)
    if unit == "fractions":  # TensorFlow Lite
        rows[:, :4] /= 64
        rows[:, 5:].reshape(CELLS, 3, 3)[..., :2] /= 64
    output = rows[None] if turned else rows.T[None]
    assert_golden(detector(HEAD, pose(rows, 3, 3)), output, PEOPLE)


def test_points_without_a_confidence_have_that_of_their_object() -> None:
    rows = raw(2, 4, 2)
    assert_golden(detector(HEAD, pose(rows, 4, 2)), rows.T[None], THINGS, most=3)


def test_a_row_with_a_point_that_is_no_number_is_dropped() -> None:
    rows = raw(1, 3, 3)
    best = int(rows[:, 4].argmax())
    rows[best, 6] = np.nan
    decoder = detector(HEAD, pose(rows, 3, 3))
    assert_golden(decoder, rows.T[None], PEOPLE[1:])
    assert decoder.dropped == 2, "once for each kind of result"


def coco(**metadata: Any) -> Evidence:
    random = np.random.default_rng(1)
    output = random.uniform(0, 640, (1, 56, 8400)).astype(np.float32)
    output[:, 4] = random.uniform(0, 1, 8400)
    output[:, 7::3] = random.uniform(0, 1, (17, 8400))
    shapes = {"output0": (1, 56, 8400)}
    return Evidence(shapes, (640, 640), metadata=Metadata(**metadata), run=lambda: [{"output0": output}])


def test_a_pose_model_is_known_by_its_file() -> None:
    found = find(coco(task="pose", keypoints_shape=(17, 3), author="Ultralytics"))
    assert found is not None and found.points is not None
    assert (found.classes, found.is_certain) == (1, True)
    assert found.because == (
        "output0 has a row for each cell of an input of 640x640, of a box, 1 score and 17 points of 3 values; the "
        "model file says that it is a pose model; 17 points are those of a person in COCO"
    )
    assert (found.points.names[0], found.points.names[-1]) == ("nose", "right_ankle")


def test_a_pose_model_is_known_by_places_that_cannot_be_scores() -> None:
    chosen = find_head(None, coco())
    assert chosen is not None
    head, found = chosen
    assert head.name == "yolo_pose"
    assert "they hold places in pixels, which no scores could be" in found.because


def test_points_in_fractions_are_not_taken_for_scores() -> None:
    output = np.random.default_rng(1).uniform(0, 1, (1, 56, 8400)).astype(np.float32)
    model = Evidence({"output0": (1, 56, 8400)}, (640, 640), run=lambda: [{"output0": output}])
    assert find_head(None, model) is None
    assert {"yolo_pose", "yolov8"} <= set(possible_heads(model))


def test_a_detector_with_as_many_columns_is_no_pose_model() -> None:
    output = np.random.default_rng(1).uniform(0, 1, (1, 56, 8400)).astype(np.float32) ** 8
    output[:, :4] *= 640
    model = Evidence({"output0": (1, 56, 8400)}, (640, 640), run=lambda: [{"output0": output}])
    chosen = find_head(None, model)
    assert chosen is not None and chosen[0].name == "yolov8"


@pytest.mark.parametrize(
    ("shape", "metadata"),
    [
        ((1, 56, 8401), {}),
        ((1, 84), {}),
        ((1, 6, 8400), {}),
        ((1, 55, 8400), {}),
        ((1, 56, 8400), {"task": "pose", "keypoints_shape": (18, 3)}),
        ((1, 56, 8400), {"task": "pose", "keypoints_shape": (13, 4)}),
    ],
)
def test_other_outputs_do_not_match(shape: tuple[int, ...], metadata: dict[str, Any]) -> None:
    assert find(Evidence({"out": shape}, (640, 640), metadata=Metadata(**metadata))) is None
