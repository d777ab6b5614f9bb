from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from cameras import BoundingBox, Detection
from vision.outputs.detector import Detector
from vision.outputs.row_detector import BoxFormat, RowDetector
from vision.outputs.scores.thresholds import Thresholds
from vision.outputs.tensor_layout import TensorLayout

LABELS = ("cat", "dog", "bird")
FULL = (0.0, 0.0, 1.0, 1.0)


def detector(
    labels: Sequence[str] = LABELS,
    *,
    layout: TensorLayout | None = None,
    boxes: BoxFormat | None = None,
    thresholds: Thresholds | None = None,
) -> Detector:
    return RowDetector(
        layout or TensorLayout("b", "s", "c", "n"),
        labels,
        boxes or BoxFormat(),
        thresholds or Thresholds(),
        "coco",
    )


def outputs(rows: Sequence[tuple[Sequence[float], float, float]], count: float | None = None) -> dict[str, Any]:
    """Return what a detector gives for (box, number of the label, score) each."""
    return {
        "b": np.array([[row[0] for row in rows]], np.float32).reshape(1, len(rows), 4),
        "c": np.array([[row[1] for row in rows]], np.float32),
        "s": np.array([[row[2] for row in rows]], np.float32),
        "n": np.array([len(rows) if count is None else count], np.float32),
    }


def looked(reader: Detector, found: dict[str, Any], size: tuple[int, int] = (100, 200)) -> list[tuple[str, float]]:
    return [(item.label, round(item.confidence, 3)) for item in reader.postprocess(found, size)]


def test_detections_come_most_confident_first_with_label_and_box() -> None:
    found = outputs([((0.1, 0.2, 0.3, 0.4), 1, 0.5), ((0.5, 0.25, 1.0, 0.75), 0, 0.75)])
    first, second = detector().postprocess(found, (100, 200))
    assert first == Detection("cat", 0.75, box=BoundingBox(0.25, 0.5, 0.75, 1.0))
    assert (second.label, second.confidence) == ("dog", 0.5)
    assert second.box.x_min == pytest.approx(0.2)
    assert second.box.y_max == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ((0, 1, 2, 3), (0.1, 0.2, 0.3, 0.4)),
        ((1, 0, 3, 2), (0.2, 0.1, 0.4, 0.3)),
        ((2, 3, 0, 1), (0.3, 0.4, 0.1, 0.2)),
        ((1, 2, 3, 0), (0.2, 0.3, 0.4, 0.1)),
    ],
)
def test_the_order_says_what_each_position_holds(order: tuple[int, ...], numbers: Sequence[float]) -> None:
    (item,) = detector(boxes=BoxFormat(order)).postprocess(outputs([(numbers, 0, 0.5)]), (100, 200))
    box = item.box
    assert (box.x_min, box.y_min, box.x_max, box.y_max) == pytest.approx((0.1, 0.2, 0.3, 0.4))


def test_rows_beyond_the_count_do_not_count() -> None:
    assert looked(detector(), outputs([(FULL, 0, 0.9), (FULL, 1, 0.8)], count=1)) == [("cat", 0.9)]
    assert looked(detector(), outputs([(FULL, 0, 0.9)], count=99)) == [("cat", 0.9)]
    assert looked(detector(), outputs([(FULL, 0, 0.9)], count=-1)) == []
    assert looked(detector(), outputs([(FULL, 0, 0.9)], count=np.nan)) == [("cat", 0.9)]


def test_rows_that_only_fill_up_do_not_count() -> None:
    found = outputs([(FULL, 0, 0.9), (FULL, 0, 0.0), ((0, 0, 0, 0), 0, 0.8)])
    assert looked(detector(layout=TensorLayout("b", "s", "c")), found) == [("cat", 0.9)]


def test_a_box_is_clipped_and_one_outside_or_empty_is_left_out() -> None:
    found = outputs(
        [
            ((-0.1, 0.5, 1.2, 1.1), 0, 0.9),
            ((1.1, 0, 1.3, 1), 0, 0.8),
            ((0.5, 0.5, 0.5, 1), 0, 0.7),
            ((1, 0, 0, 1), 0, 0.6),
        ]
    )
    (item,) = detector().postprocess(found, (100, 200))
    assert item.box == BoundingBox(0.5, 0.0, 1.0, 1.0)


def test_all_boxes_together_decide_between_pixels_and_fractions() -> None:
    found = outputs([((0, 0, 1, 1), 0, 0.9), ((20, 10, 100, 50), 1, 0.8)])
    small, large = detector().postprocess(found, (100, 200))
    assert small.box == BoundingBox(0.0, 0.0, 0.01, 0.005)
    assert large.box == BoundingBox(0.1, 0.1, 0.5, 0.5)


def test_one_wild_box_does_not_change_fractions_to_pixels() -> None:
    found = outputs([*[((0.1, 0.1, 0.5, 0.5), 0, 0.9)] * 5, ((0, 0, 90, 90), 0, 0.3)])
    assert [round(item.box.x_max, 3) for item in detector().postprocess(found, (100, 200))] == [0.5] * 5 + [1.0]


def test_what_the_model_says_about_pixels_wins() -> None:
    (item,) = detector(boxes=BoxFormat(in_pixels=True)).postprocess(outputs([((0, 0, 1, 1), 0, 0.9)]), (100, 200))
    assert item.box == BoundingBox(0.0, 0.0, 0.01, 0.005)


def test_a_number_without_a_label_is_named_so_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    reader = detector()
    with caplog.at_level(logging.WARNING):
        assert looked(reader, outputs([(FULL, 57, 0.9), (FULL, -1, 0.8)])) == [("class 57", 0.9), ("class -1", 0.8)]
        assert looked(reader, outputs([(FULL, 3, 0.9)])) == [("class 3", 0.9)]
    assert reader.unknown == 3
    assert caplog.messages == [
        "service coco: the model returns class 57, which has no label among its 3; labelling such detections 'class N'"
    ]


def test_the_first_and_the_last_label_are_known(caplog: pytest.LogCaptureFixture) -> None:
    reader = detector()
    with caplog.at_level(logging.WARNING):
        assert looked(reader, outputs([(FULL, 0, 0.9), (FULL, 2, 0.8)])) == [("cat", 0.9), ("bird", 0.8)]
    assert (reader.unknown, caplog.messages) == (0, [])


def test_without_labels_the_number_is_the_name() -> None:
    assert looked(detector(labels=()), outputs([(FULL, 57, 0.9)])) == [("57", 0.9)]


def test_non_finite_values_are_dropped_and_counted() -> None:
    reader = detector()
    found = outputs([(FULL, 0, np.nan), ((np.inf, 0, 1, 1), 0, 0.9), (FULL, np.nan, 0.9), (FULL, 1, 0.4)])
    assert looked(reader, found) == [("dog", 0.4)]
    assert reader.dropped == 3


def test_the_largest_score_decides_on_percentages_and_scores_are_clipped() -> None:
    assert looked(detector(), outputs([(FULL, 0, 98.0), (FULL, 1, 0.5)])) == [("cat", 0.98), ("dog", 0.005)]
    assert looked(detector(), outputs([(FULL, 0, 1.004), (FULL, 1, -0.5)])) == [("cat", 1.0)]


def test_thresholds_apply_by_label() -> None:
    found = outputs([(FULL, 0, 0.9), (FULL, 1, 0.5), (FULL, 2, 0.3), (FULL, 7, 0.2)])
    assert looked(detector(thresholds=Thresholds(0.3, {"DOG": 0.6})), found) == [("cat", 0.9), ("bird", 0.3)]


def columns(scores: Any) -> dict[str, Any]:
    array = np.array([scores], np.float32)
    return {"b": np.array([[FULL] * array.shape[1]], np.float32), "s": array}


def test_with_a_score_per_label_the_best_one_counts() -> None:
    reader = detector(layout=TensorLayout("b", "s"))
    assert looked(reader, columns([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]])) == [("bird", 0.7), ("cat", 0.6)]


@pytest.mark.parametrize("labels", [LABELS, ("Background", *LABELS)])
def test_a_background_column_is_nothing(labels: tuple[str, ...]) -> None:
    reader = detector(labels, layout=TensorLayout("b", "s"))
    assert looked(reader, columns([[0.9, 0.05, 0.05, 0], [0.1, 0.2, 0.7, 0]])) == [("dog", 0.7)]


def test_logits_per_label_become_probabilities() -> None:
    independent = detector(layout=TensorLayout("b", "s"))
    assert looked(independent, columns([[-5.0, 3.0, -1.0]])) == [("dog", 0.953)]
    with_background = detector(("background", *LABELS), layout=TensorLayout("b", "s"))
    assert looked(with_background, columns([[0.0, -800.0, 0.0, 0.5], [9.0, -9.0, 0.0, 0.0]])) == [("bird", 0.452)]


def test_a_non_finite_row_is_dropped() -> None:
    reader = detector(layout=TensorLayout("b", "s"))
    assert looked(reader, columns([[np.nan] * 3, [np.nan, 0.5, 0.1]])) == [("dog", 0.5)]
    assert reader.dropped == 1


def test_a_detector_with_one_class_uses_the_first_label() -> None:
    assert looked(detector(("face",), layout=TensorLayout("b", "s")), columns([[0.8], [0.6]])) == [
        ("face", 0.8),
        ("face", 0.6),
    ]


def test_bytes_that_are_not_quantised_are_parts_of_255() -> None:
    found = outputs([(FULL, 0, 0.0)]) | {"s": np.array([[51]], np.uint8)}
    assert looked(detector(), found) == [("cat", 0.2)]


def test_an_empty_result_is_valid() -> None:
    assert looked(detector(), outputs([])) == []
