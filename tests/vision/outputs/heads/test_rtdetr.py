from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.head import HeadMatch
from vision.outputs.heads.rtdetr import HEAD, decode, find
from vision.outputs.scores.scored_boxes import ScoredBoxes
from vision.runtimes.base import Metadata

from .expected_boxes import assert_given
from .given import ran
from .test_detr import SIZE, queries

# transformers 5.24.0, on torch 2.14.1: RTDetrImageProcessor and RfDetrImageProcessor.post_process_object_detection
GOLDEN = (
    (297.92, 137.76, 408.64, 231.84, 0.9381, 2),
    (132.16, 3.84, 244.16, 247.68, 0.9358, 1),
    (53.12, 80.4, 213.12, 338.16, 0.893, 4),
    (108.48, -57.6, 443.2, 216.96, 0.8543, 1),
    (297.92, 137.76, 408.64, 231.84, 0.848, 4),
    (59.2, 186.0, 312.0, 379.44, 0.8008, 3),
    (132.16, 3.84, 244.16, 247.68, 0.7271, 4),
    (132.16, 3.84, 244.16, 247.68, 0.6713, 5),
)
BOX = np.array([0.5, 0.4, 0.2, 0.1])
FOUND = ((256.0, 168.0, 384.0, 216.0, 0.9, 2),)


def test_boxes_equal_those_of_the_original() -> None:
    assert_given(decode(queries(), SIZE, 6), GOLDEN, SIZE)


def decoded(match: HeadMatch, outputs: dict[str, Any]) -> ScoredBoxes:
    arrays = [np.asarray(outputs[name][0], np.float32) for name in match.outputs]
    return (match.decode or HEAD.decode)(arrays, SIZE, match.classes)


def test_finished_rows_are_in_pixels_of_the_size_that_was_given() -> None:
    outputs = {
        "labels": np.array([[2, 0]]),
        "boxes": np.array([[[256.0, 168.0, 384.0, 216.0], [0, 0, 9, 9]]]),
        "scores": np.array([[0.9, 0.01]]),
    }
    assert find(ran(outputs)) is None  # without the second input, they may be anything
    match = find(ran(outputs, inputs=("images", "orig_target_sizes")))
    assert match is not None and match.is_certain
    assert_given(decoded(match, outputs), FOUND, SIZE)


@pytest.mark.parametrize("columns", [[0.0, 0.1, 0.9], [0.9, 2.0]], ids=["scores", "score and class"])
@pytest.mark.parametrize("said", ["Ultralytics RT-DETR model", ""])
def test_rows_of_one_output_are_centres_and_sizes(columns: list[float], said: str) -> None:
    rows = np.zeros((1, 30, 4 + len(columns)))
    rows[0, :, :4] = [0.8, 0.8, 0.3, 0.3]  # of a top left corner, it would leave the picture
    rows[0, 7, :4] = BOX
    rows[0, 7, 4:] = columns
    evidence = ran({"out": rows}, SIZE, 3, metadata=Metadata(description=said))
    match = find(evidence)
    assert match is not None and match.is_certain
    found = decoded(match, {"out": rows})
    assert_given(found.select(found.scores > 0.5), FOUND, SIZE)


def test_corners_in_one_output_are_those_of_another_family() -> None:
    rows = np.zeros((1, 30, 7))
    rows[..., :4] = [100, 100, 200, 200]
    assert find(ran({"out": rows}, SIZE, 3)) is None


@pytest.mark.parametrize(
    ("columns", "labels", "options", "is_certain"),
    [
        (80, 0, {}, True),
        (5, 5, {}, True),
        (5, 0, {}, False),
        (5, 0, {"activation": "sigmoid"}, True),
    ],
)
def test_logits_need_a_reason_for_the_sigmoid(
    columns: int, labels: int, options: dict[str, Any], is_certain: bool
) -> None:
    match = find(ran({"logits": (1, 300, columns), "pred_boxes": (1, 300, 4)}, SIZE, labels, **options))
    assert match is not None
    assert (match.classes, match.is_certain) == (columns, is_certain)


@pytest.mark.parametrize(("scores", "activation"), [(-4.0, "sigmoid"), (0.02, "none")])
def test_without_names_independent_scores_are_those_of_its_sigmoid(scores: float, activation: str) -> None:
    match = find(ran({"a": np.full((1, 300, 5), scores), "b": np.full((1, 300, 4), 0.7)}))
    assert match is not None and match.is_certain
    assert (match.classes, match.activation) == (5, activation)


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_scores_of_four_labels_are_not_taken_for_boxes(names: str) -> None:
    scores, boxes = np.full((1, 300, 4), 0.02), np.full((1, 300, 4), 0.7)
    outputs = {"a": scores, "b": boxes}
    match = find(ran({name: outputs[name] for name in names}, labels=4))
    assert match is not None and match.is_certain
    assert match.outputs == ("a", "b")
    outputs["b"] = np.tile([0.1, 0.1, 0.4, 0.4], (1, 300, 1))  # finished corners
    match = find(ran({name: outputs[name] for name in names}, labels=4))
    assert match is not None and not match.is_certain and not match.doubt


def test_scores_that_are_negative_throughout_are_independent() -> None:
    match = find(ran({"logits": np.full((1, 300, 5), -4.0), "pred_boxes": (1, 300, 4)}))
    assert match is not None and match.is_certain
    assert "negative throughout" in match.because


def test_its_ancestors_take_the_normalisation_of_imagenet() -> None:
    def mean(evidence: Evidence) -> tuple[float, ...] | None:
        match = find(evidence)
        assert match is not None
        return match.preparation.mean if match.preparation is not None else None

    outputs = {"logits": (1, 300, 91), "pred_boxes": (1, 300, 4)}
    assert mean(ran(outputs)) == (0.485, 0.456, 0.406)
    assert mean(ran(outputs | {"logits": (1, 300, 80)})) is None


def test_a_single_box_with_a_score_is_too_little_to_be_of_this_family() -> None:
    match = find(ran({"boxes": np.full((1, 1, 4), 0.5), "scores": np.full((1, 1, 1), 0.5)}))
    assert match is None or not match.is_certain
    match = find(ran({"boxes": np.full((1, 1, 4), 0.5), "scores": np.full((1, 1, 3), 0.5)}))
    assert match is None or not match.is_certain
