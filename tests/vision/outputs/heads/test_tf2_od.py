from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads.tf2_od import decode, find

from .expected_boxes import assert_given
from .given import ran

EIGHT = {
    "detection_anchor_indices": (1, 100),
    "detection_boxes": (1, 100, 4),
    "detection_classes": (1, 100),
    "detection_multiclass_scores": (1, 100, 91),
    "detection_scores": (1, 100),
    "num_detections": (1,),
    "raw_detection_boxes": (1, 1917, 4),
    "raw_detection_scores": (1, 1917, 91),
}
BY_ROLE = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")


def test_outputs_are_known_by_their_names() -> None:
    match = find(ran(EIGHT))
    assert match is not None
    assert (match.outputs, match.classes, match.is_certain, match.first_class) == (BY_ROLE, 90, True, 1)
    match = find(ran({f"{name}:0": EIGHT[name] for name in BY_ROLE[:3]}))
    assert match is not None
    assert (match.classes, match.is_certain) == (0, True)


def test_classes_from_zero_or_channels_first_speak_against_it() -> None:
    """TensorRT's ``EfficientNMS`` has the same names for corners in pixels, x first, and classes from 0."""
    rows = {"detection_boxes": np.ones((1, 2, 4)), "detection_scores": np.array([[0.9, 0.0]])}
    for numbers, channels_first, is_certain in (([1, 0], False, True), ([0, 0], False, False), ([1, 0], True, False)):
        outputs = {**rows, "detection_classes": np.array([numbers])}
        match = find(ran(outputs, channels_first=channels_first))
        assert match is not None and match.is_certain == is_certain


def test_without_names_the_eight_are_in_alphabetical_order() -> None:
    nameless = {f"StatefulPartitionedCall:{number}": shape for number, shape in enumerate(EIGHT.values())}
    match = find(ran(nameless))
    assert match is not None
    assert match.outputs == tuple(f"StatefulPartitionedCall:{number}" for number in (1, 4, 2, 5))
    assert match.classes == 90


@pytest.mark.parametrize("missing", ["detection_boxes", "detection_scores", "detection_classes"])
def test_all_of_its_outputs_have_to_be_there(missing: str) -> None:
    assert find(ran({name: shape for name, shape in EIGHT.items() if name != missing})) is None
    renamed = {f"{number}": shape for number, shape in enumerate(EIGHT.values()) if number != 4}
    assert find(ran(renamed | {"other": (1, 7)})) is None


def test_rows_up_to_the_count_are_decoded() -> None:
    boxes = np.array([[0.1, 0.2, 0.5, 0.6], [0.2, 0.3, 0.9, 1.0], [0, 0, 1, 1]], np.float32)
    outputs = [boxes, np.array([0.9, 0.4, 0.8], np.float32), np.array([3, 1, 7], np.float32), np.array([2.0])]
    assert_given(decode(outputs, (300, 300), 90), [(0.2, 0.1, 0.6, 0.5, 0.9, 3), (0.3, 0.2, 1.0, 0.9, 0.4, 1)])
