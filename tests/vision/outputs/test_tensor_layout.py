from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from vision import ModelError
from vision.outputs.tensor_layout import TensorLayout, find_tensor_layout

BOXES = np.full((1, 10, 4), 0.5, np.float32)
CLASSES = np.arange(10, dtype=np.float32).reshape(1, 10)
SCORES = np.linspace(0.9, 0.1, 10, dtype=np.float32).reshape(1, 10)
COUNT = np.array([10], np.float32)
KINDS = {"location": BOXES, "category": CLASSES, "score": SCORES, "count": COUNT}


@pytest.mark.parametrize("order", list(itertools.permutations(KINDS)))
def test_outputs_are_identified_in_any_order(order: tuple[str, ...]) -> None:
    outputs = {f"o_{number}": KINDS[kind] for number, kind in enumerate(order)}
    where = {kind: f"o_{number}" for number, kind in enumerate(order)}
    assert find_tensor_layout({}, [outputs]) == TensorLayout(
        where["location"], where["score"], where["category"], where["count"]
    )


@pytest.mark.parametrize("boxes", [1, 4])
def test_outputs_with_few_boxes_are_identified(boxes: int) -> None:
    outputs = {
        "count": np.array([boxes], np.float32),
        "b": np.full((1, boxes), 0.5, np.float32),
        "a": np.full((1, boxes), 3, np.float32),
        "c": np.full((1, boxes, 4), 0.5, np.float32),
    }
    assert find_tensor_layout({}, [outputs]) == TensorLayout("c", "b", "a", "count")


def test_a_pair_that_looks_alike_is_taken_in_the_order_of_the_usual_detectors() -> None:
    zeros = np.zeros((1, 10), np.float32)
    assert find_tensor_layout({}, [{"a": BOXES, "b": zeros, "c": zeros}]) == TensorLayout("a", "c", "b")
    tf2 = {"StatefulPartitionedCall:1": zeros, "StatefulPartitionedCall:3": BOXES, "StatefulPartitionedCall:2": zeros}
    assert find_tensor_layout({}, [tf2]) == TensorLayout(
        "StatefulPartitionedCall:3", "StatefulPartitionedCall:1", "StatefulPartitionedCall:2"
    )


def test_one_conclusive_sample_is_enough() -> None:
    zeros = np.zeros((1, 10), np.float32)
    blank = {"a": BOXES, "b": zeros, "c": zeros}
    telling = {"a": BOXES, "b": SCORES, "c": zeros}
    assert find_tensor_layout({}, [blank, telling]) == TensorLayout("a", "b", "c")


def test_whole_numbers_by_type_or_above_one_are_labels() -> None:
    whole = np.zeros((1, 10), np.int64)
    assert find_tensor_layout({}, [{"a": BOXES, "b": np.ones((1, 10), np.float32), "c": whole}]) == TensorLayout(
        "a", "b", "c"
    )
    ones, numbers = np.ones((1, 10), np.float32), np.full((1, 10), 7, np.float32)
    assert find_tensor_layout({}, [{"a": BOXES, "b": ones, "c": numbers}]) == TensorLayout("a", "b", "c")


def test_output_names_win_over_values() -> None:
    names = {"b": "category", "c": "score", "a": "location"}
    assert find_tensor_layout(names, [{"a": BOXES, "b": SCORES, "c": CLASSES}]) == TensorLayout("a", "c", "b")
    assert find_tensor_layout({"c": "score"}, [{"a": BOXES, "b": SCORES, "c": CLASSES}]) == TensorLayout("a", "c", "b")
    assert find_tensor_layout({"b": "category"}, [{"a": BOXES, "b": SCORES, "c": CLASSES}]) == TensorLayout(
        "a", "c", "b"
    )


def test_an_axis_of_one_between_boxes_and_sides_does_not_count() -> None:
    outputs = [{"boxes": np.zeros((1, 50, 1, 4)), "confs": np.zeros((1, 50, 80))}]  # YOLOv4
    assert find_tensor_layout({}, outputs) == TensorLayout("boxes", "confs")


def test_scores_per_label_need_no_category() -> None:
    columns = np.zeros((1, 10, 7), np.float32)
    assert find_tensor_layout({}, [{"a": columns, "b": BOXES}]) == TensorLayout("b", "a")
    assert find_tensor_layout({}, [{"a": columns[0], "b": BOXES[0]}]) == TensorLayout("b", "a")


def test_a_single_score_per_box_is_a_detector_of_one_thing() -> None:
    assert find_tensor_layout({}, [{"a": SCORES, "b": BOXES}]) == TensorLayout("b", "a")


@pytest.mark.parametrize(
    "outputs",
    [
        {"a": np.zeros((1, 1001))},
        {"a": np.zeros((1, 4))},
        {"a": BOXES},
        {"a": np.zeros((1, 896, 16)), "b": np.zeros((1, 896, 1))},
        {"a": np.zeros((1, 257, 257, 21))},
        {"a": BOXES, "b": np.zeros((1, 7))},
        {"a": BOXES, "b": np.ones((1, 10), np.int32)},
        {"a": BOXES, "b": np.ones((1, 10, 3), np.int64)},
        {"a": BOXES, "b": np.ones((1, 10), np.int32), "c": np.ones((1, 10), np.int64)},
    ],
)
def test_other_outputs_are_no_detector(outputs: dict[str, Any]) -> None:
    assert find_tensor_layout({}, [outputs]) is None


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ({"b": "location"}, "output b [1, 10] is named location; it must have a shape like [1, boxes, 4]"),
        ({"d": "score"}, "output d [1, 7] is named score; it must have a shape like [1, 10] or [1, 10, labels]"),
        ({"d": "category", "b": "score"}, "output d [1, 7] is named category; it must have a shape like [1, 10]"),
        ({"b": "count"}, "output b [1, 10] is named count; it must be a single number"),
    ],
)
def test_a_name_that_contradicts_the_shape_is_refused(names: dict[str, str], sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        find_tensor_layout(names, [{"a": BOXES, "b": SCORES, "d": np.zeros((1, 7))}])
    assert str(caught.value) == sentence
