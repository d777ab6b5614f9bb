from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cameras import BoundingBox
from vision.outputs.scores.scored_boxes import NonMaxSuppression, ScoredBoxes


def candidates(rows: Sequence[tuple[Sequence[float], float, int]]) -> ScoredBoxes:
    boxes, scores, numbers = zip(*rows, strict=True) if rows else ([], [], [])
    return ScoredBoxes(np.array(boxes, float).reshape(-1, 4), np.array(scores, float), np.array(numbers, float))


CROWD = candidates(
    [
        ((0.0, 0.0, 0.5, 0.5), 0.9, 0),
        ((0.0, 0.0, 0.5, 0.45), 0.8, 0),  # 0.9 of the first
        ((0.0, 0.0, 0.5, 0.5), 0.7, 1),  # another label
        ((0.25, 0.0, 0.75, 0.5), 0.6, 0),  # a third of the first
        ((0.5, 0.5, 1.0, 1.0), 0.5, 0),
    ]
)


def test_of_boxes_with_one_label_that_overlap_the_best_stays() -> None:
    assert NonMaxSuppression(0.5).apply(CROWD).scores.tolist() == [0.9, 0.7, 0.6, 0.5]
    assert NonMaxSuppression(0.3).apply(CROWD).scores.tolist() == [0.9, 0.7, 0.5]
    assert NonMaxSuppression(0.95).apply(CROWD).scores.tolist() == [0.9, 0.8, 0.7, 0.6, 0.5]


def test_at_the_threshold_itself_boxes_do_not_overlap_yet() -> None:
    halves = candidates([((0.0, 0.0, 0.5, 0.5), 0.9, 0), ((0.0, 0.0, 0.25, 0.5), 0.8, 0)])
    assert len(NonMaxSuppression(0.5).apply(halves).scores) == 2
    assert len(NonMaxSuppression(0.49).apply(halves).scores) == 1


def test_at_most_max_detections_boxes_are_kept() -> None:
    assert NonMaxSuppression(0.5, max_detections=2).apply(CROWD).scores.tolist() == [0.9, 0.7]
    assert NonMaxSuppression(1.0, max_detections=2).apply(CROWD).scores.tolist() == [0.9, 0.8]


def test_a_suppressed_box_suppresses_no_other() -> None:
    chain = candidates([((x, 0.0, x + 0.4, 1.0), 0.9 - x, 0) for x in (0.0, 0.1, 0.2, 0.3)])
    assert NonMaxSuppression(0.5).apply(chain).scores.round(3).tolist() == [0.9, 0.7]


def test_no_predictions_stay_no_predictions() -> None:
    assert len(NonMaxSuppression(0.5).apply(candidates([])).scores) == 0


def test_many_are_compared_in_time() -> None:
    random = np.random.default_rng(0)
    corners = random.random((25_000, 2)) * 0.9
    many = ScoredBoxes(np.hstack([corners, corners + 0.1]), np.sort(random.random(25_000))[::-1], np.zeros(25_000))
    assert len(NonMaxSuppression(0.5, max_detections=100).apply(many).scores) == 100


def test_a_window_makes_its_fractions_and_clips() -> None:
    found = candidates(
        [((0.5, 0.25, 0.75, 0.5), 0.9, 0), ((0.0, 0.0, 1.0, 0.3), 0.8, 0), ((0.0, 0.0, 1.0, 0.2), 0.7, 0)]
    )
    seen = found.cropped_to(BoundingBox(0.0, 0.25, 1.0, 0.75))
    assert seen.scores.tolist() == [0.9, 0.8]
    assert np.allclose(seen.boxes, [[0.5, 0.0, 0.75, 0.5], [0.0, 0.0, 1.0, 0.1]])


def test_non_finite_values_are_left_out() -> None:
    odd = candidates([((0, 0, 1, 1), np.nan, 0), ((0, np.inf, 1, 1), 0.5, 0), ((0, 0, 1, 1), 0.4, 0)])
    assert odd.finite().scores.tolist() == [0.4]


def test_the_whole_input_as_a_window_gives_what_the_formula_gives() -> None:
    random = np.random.default_rng(4)
    boxes = random.uniform(-0.3, 1.3, (200, 4)).astype(np.float32)
    found = ScoredBoxes(boxes, random.random(200), np.arange(200.0), points=np.zeros((200, 1, 3)))
    with_points = found.cropped_to(BoundingBox(0.0, 0.0, 1.0, 1.0))
    alone = found._replace(points=None).cropped_to(BoundingBox(0.0, 0.0, 1.0, 1.0))
    assert 20 < len(alone.scores) < 100
    assert np.array_equal(alone.boxes, with_points.boxes) and alone.boxes.dtype == with_points.boxes.dtype
    assert np.array_equal(alone.class_ids, with_points.class_ids)


def test_boxes_that_are_all_finite_stay_as_they_are() -> None:
    found = ScoredBoxes(np.zeros((3, 4)), np.ones(3), np.zeros(3))
    assert found.finite() is found
