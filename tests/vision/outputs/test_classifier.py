from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from vision import ModelError
from vision.outputs.classifier import Classifier, find_scores
from vision.outputs.scores.thresholds import Thresholds
from vision.runtimes.base import Ending, TensorInfo


def outputs(values: Any, dtype: Any = np.float32) -> dict[str, Any]:
    return {"out": np.array(values, dtype)}


def classifier(sample: dict[str, Any], labels: Sequence[str] = (), thresholds: Thresholds | None = None) -> Classifier:
    array = sample["out"]
    return Classifier(TensorInfo("out", array.shape, array.dtype), labels, thresholds or Thresholds(), [sample])


def looked(values: Any, dtype: Any = np.float32, **options: Any) -> list[tuple[str, float]]:
    sample = outputs(values, dtype)
    return [(item.label, round(item.confidence, 4)) for item in classifier(sample, **options).postprocess(sample)]


def test_labels_come_highest_first() -> None:
    assert looked([[0.1, 0.7, 0.2]], labels=("a", "b", "c")) == [("b", 0.7), ("c", 0.2), ("a", 0.1)]


def test_without_labels_the_number_is_the_name() -> None:
    assert looked([[0.1, 0.9]]) == [("1", 0.9), ("0", 0.1)]


@pytest.mark.parametrize("values", [[[0.25, 0.75]], [0.25, 0.75], [[[[0.25, 0.75]]]]])
def test_any_shape_with_one_long_side_is_read(values: Any) -> None:
    sample = outputs(values)
    assert find_scores({}, [sample]) == "out"
    assert looked(values) == [("1", 0.75), ("0", 0.25)]


def test_independent_probabilities_are_left_alone_although_they_do_not_sum_to_one() -> None:
    assert looked([[0.9, 0.8, 0.0]]) == [("0", 0.9), ("1", 0.8), ("2", 0.0)]


def test_large_logits_become_a_distribution() -> None:
    assert looked([[1000.0, 1000.0, -1000.0]]) == [("0", 0.5), ("1", 0.5), ("2", 0.0)]


def test_logits_stay_logits_for_later_outputs() -> None:
    reader = classifier(outputs([[4.0, -1.0]]))
    assert [round(item.confidence, 4) for item in reader.postprocess(outputs([[0.5, 0.5]]))] == [0.5, 0.5]
    assert [round(item.confidence, 4) for item in reader.postprocess(outputs([[1.0, 0.0]]))] == [0.7311, 0.2689]


@pytest.mark.parametrize(("score", "confidence"), [(3.0, 0.9526), (-800.0, 0.0), (0.3, 0.5744)])
def test_a_single_logit_goes_through_a_sigmoid(score: float, confidence: float) -> None:
    sample = {"logits": np.array([[score]], np.float32)}
    reader = Classifier(TensorInfo("logits", (1, 1), np.dtype(np.float32)), ("cat",), Thresholds(), [sample])
    assert [round(item.confidence, 4) for item in reader.postprocess(sample)] == [confidence]


@pytest.mark.parametrize("labels", [("age",), ()])
def test_a_single_number_that_is_no_probability_may_be_a_quantity(labels: tuple[str, ...]) -> None:
    assert looked([[0.3]], labels=labels)[0][1] == 0.3
    with pytest.raises(ModelError) as caught:
        classifier(outputs([[33.0]]), labels)
    assert str(caught.value) == (
        "its output out is one number, 33 to 33 in the trial run, so it is no probability: if it is a logit, declare "
        "activation: sigmoid; camweave has no use for a quantity, such as an age"
    )


@pytest.mark.parametrize(
    ("ending", "confidences"),
    [(None, [0.9, 0.8]), (Ending.SIGMOID, [0.9, 0.8]), (Ending.LINEAR, [0.525, 0.475]), (Ending.RELU, [0.525, 0.475])],
)
def test_the_last_calculation_shows_what_scores_from_0_to_1_are(
    ending: Ending | None, confidences: list[float]
) -> None:
    sample = outputs([[0.9, 0.8]])
    info = TensorInfo("out", (1, 2), np.dtype(np.float32))
    reader = Classifier(info, (), Thresholds(), [sample], ending=ending)
    assert [round(item.confidence, 3) for item in reader.postprocess(sample)] == confidences
    declared = Classifier(info, (), Thresholds(), [sample], "none", ending=ending)
    assert [round(item.confidence, 3) for item in declared.postprocess(sample)] == [0.9, 0.8]


def test_scores_of_a_tanh_are_refused_until_it_is_declared_what_they_are() -> None:
    sample = outputs([[-0.9, 0.8]])
    info = TensorInfo("out", (1, 2), np.dtype(np.float32))
    with pytest.raises(ModelError) as caught:
        Classifier(info, (), Thresholds(), [sample], ending=Ending.TANH)
    assert str(caught.value) == (
        "its output out ends in a tanh, so its numbers are neither probabilities nor logits, but from -1 to 1: declare "
        "activation: none to take those above 0, or sigmoid"
    )
    reader = Classifier(info, (), Thresholds(), [sample], "none", ending=Ending.TANH)
    assert [round(item.confidence, 3) for item in reader.postprocess(sample)] == [0.8, 0.0]


def test_bytes_that_are_not_quantised_are_parts_of_255() -> None:
    assert looked([[255, 51, 0]], np.uint8) == [("0", 1.0), ("1", 0.2), ("2", 0.0)]
    assert looked([[127, -128]], np.int8) == [("0", 1.0), ("1", 0.0)]


def test_a_step_beyond_one_is_cut_off_and_is_no_sign_of_open_ended_scores() -> None:
    assert looked([[1.004, 0.0]]) == [("0", 1.0), ("1", 0.0)]


def test_non_finite_values_are_dropped_and_counted() -> None:
    sample = outputs([[np.nan, 0.6, np.inf, 0.4]])
    reader = classifier(sample, labels=("a", "b", "c", "d"))
    assert [item.label for item in reader.postprocess(sample)] == ["b", "d"]
    assert reader.dropped == 2


def test_scores_without_a_finite_value_give_no_classification() -> None:
    assert looked([[np.nan, np.nan]]) == []


def test_the_threshold_is_inclusive() -> None:
    assert looked([[0.5, 0.3, 0.2]], labels=("a", "b", "c"), thresholds=Thresholds(0.25, {"A": 0.5, "b": 0.4})) == [
        ("a", 0.5)
    ]


@pytest.mark.parametrize("labels", [("a",), ("a", "b", "c")])
def test_labels_must_be_as_many_as_the_scores(labels: tuple[str, ...]) -> None:
    with pytest.raises(ModelError) as caught:
        classifier(outputs([[0.1, 0.9]]), labels)
    assert str(caught.value) == f"there are {len(labels)} labels but the classifier gives 2 scores"


def test_the_output_called_probability_counts_among_several() -> None:
    sample = {"features": np.zeros((1, 8)), "scores": np.zeros((1, 3))}
    assert find_scores({"scores": "probability"}, [sample]) == "scores"
    assert find_scores({}, [sample]) is None


def test_a_map_is_no_classification() -> None:
    assert find_scores({}, [outputs(np.zeros((1, 4, 4, 2)))]) is None
    with pytest.raises(ModelError) as caught:
        find_scores({"out": "probability"}, [outputs(np.zeros((1, 4, 4, 2)))])
    assert str(caught.value) == ("output out [1, 4, 4, 2] is named probability; its shape must be [1, labels]")
