from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from cameras import BoundingBox
from vision.outputs.head_detector import HeadDetector
from vision.outputs.heads.head import HeadMatch
from vision.outputs.heads.table import HEADS
from vision.outputs.scores.scored_boxes import NonMaxSuppression
from vision.outputs.scores.thresholds import Thresholds
from vision.runtimes.files import LabelsError

LABELS = ("cat", "dog")
SIZE = (64, 64)


def detector(
    labels: Sequence[str] = LABELS,
    thresholds: Thresholds | None = None,
    suppression: NonMaxSuppression | None = None,
) -> HeadDetector:
    head, found = HEADS["yolov8"], HeadMatch(("out",), 2, True)
    return HeadDetector(head, found, labels, thresholds or Thresholds(), "yolo", suppression or NonMaxSuppression(0.5))


def outputs(*rows: Sequence[float]) -> dict[str, Any]:
    """Return what the head reads for rows of centre, size and two scores, in pixels."""
    made = np.zeros((84, 6), np.float32)
    made[:, :4] = 32
    made[: len(rows)] = rows
    return {"out": made.T[None]}


def test_boxes_of_one_label_that_overlap_are_one_thing() -> None:
    found = outputs((32, 32, 32, 32, 0.9, 0.0), (33, 32, 32, 32, 0.8, 0.0), (32, 32, 32, 32, 0.0, 0.7))
    first, second = detector().postprocess(found, SIZE)
    assert (first.label, second.label) == ("cat", "dog")
    assert (first.confidence, second.confidence) == pytest.approx((0.9, 0.7))
    assert first.box == BoundingBox(0.25, 0.25, 0.75, 0.75)
    assert len(detector(suppression=NonMaxSuppression(1.0)).postprocess(found, SIZE)) == 3
    assert len(detector(suppression=NonMaxSuppression(1.0, max_detections=2)).postprocess(found, SIZE)) == 2


def test_overlap_is_that_of_whole_boxes_not_of_clipped_ones() -> None:
    low, high = (32, 60, 32, 24, 0.9, 0.0), (32, 74, 32, 44, 0.8, 0.0)  # both leave the picture below
    assert len(detector(suppression=NonMaxSuppression(0.45)).postprocess(outputs(low, high), SIZE)) == 2


def test_boxes_are_those_of_the_picture_between_its_bars() -> None:
    found = outputs((32, 32, 64, 32, 0.9, 0.0), (32, 4, 8, 4, 0.8, 0.0))
    (item,) = detector().postprocess(found, SIZE, BoundingBox(0.0, 0.25, 1.0, 0.75))
    assert item.box == BoundingBox(0.0, 0.0, 1.0, 1.0)


def test_half_precision_outputs_give_the_same_result() -> None:
    found = {name: array.astype(np.float16) for name, array in outputs((32, 32, 32, 16, 0.9, 0.0)).items()}
    (item,) = detector().postprocess(found, SIZE)
    assert item.confidence == pytest.approx(0.9, abs=1e-3)
    assert item.box == BoundingBox(0.25, 0.375, 0.75, 0.625)


def test_labels_have_their_own_threshold_and_noise_is_dropped() -> None:
    found = outputs((16, 16, 8, 8, 0.3, 0.0), (48, 16, 8, 8, 0.0, 0.3), (16, 48, 8, 8, 0.04, 0.0))
    assert len(detector().postprocess(found, SIZE)) == 2
    (item,) = detector(thresholds=Thresholds(0.0, {"CAT": 0.5})).postprocess(found, SIZE)
    assert item.label == "dog"


def test_a_row_that_is_not_finite_is_dropped() -> None:
    reader = detector()
    (item,) = reader.postprocess(outputs((np.nan, 16, 8, 8, 0.9, 0.0), (16, 16, 8, 8, 0.5, 0.0)), SIZE)
    assert item.confidence == pytest.approx(0.5)
    assert reader.dropped == 1


def test_the_number_of_labels_must_match_the_head() -> None:
    assert detector(("???", *LABELS)).labels == LABELS
    assert detector(()).labels == ()
    with pytest.raises(LabelsError, match="there are 3 labels but the head yolov8 gives 2 scores"):
        detector(("cat", "dog", "bird"))


def test_the_heads_own_labels_count_where_there_are_none() -> None:
    head, found = HEADS["blazeface"], HeadMatch(("r", "c"), 1, True)
    assert HeadDetector(head, found, (), Thresholds(), "faces", NonMaxSuppression()).labels == ("face",)
