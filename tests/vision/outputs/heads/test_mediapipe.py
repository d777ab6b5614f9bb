from __future__ import annotations

import numpy as np
import pytest

from vision import ModelError
from vision.outputs.heads.mediapipe import decode, find
from vision.outputs.heads.table import find_head
from vision.runtimes.base import Anchors, Metadata

from .expected_boxes import assert_given
from .given import ran
from .test_efficientdet import encoded

SIZE = (256, 256)
COUNT = 12276
KERAS = "StatefulPartitionedCall"


def test_an_anchor_is_placed_as_the_original_places_it() -> None:
    """By hand, after ``official/vision/ops/anchor.py``: scale 2 and ratio 1/2 of row 3, column 1 of the first level."""
    place = (3 * 32 + 1) * 9 + 2 * 3 + 0
    base = 3 * 8 * 2 ** (2 / 3)
    width, height = base * 0.5**0.5, base / 0.5**0.5
    x, y = 1.5 * 8 + 0.25 * width, 3.5 * 8 + 0.5 * height
    boxes, scores = encoded(place, COUNT, 2)
    scores = np.asarray(1 / (1 + np.exp(-scores)), np.float32)  # these models have the sigmoid inside
    assert_given(
        decode([boxes, scores], SIZE, 1), [(x - width / 2, y - height, x + width / 2, y + height, 0.8808, 1)], SIZE
    )


def test_the_background_has_no_label() -> None:
    match = find(ran({f"{KERAS}:0": (1, COUNT, 4), f"{KERAS}:1": (1, COUNT, 3)}, SIZE))
    assert match is not None
    assert (match.classes, match.first_class, match.is_certain) == (2, 1, True)
    assert find(ran({f"{KERAS}:0": (1, COUNT, 4), f"{KERAS}:1": (1, COUNT, 1)}, SIZE)) is None


def test_other_names_are_not_enough() -> None:
    match = find(ran({"regression": (1, COUNT, 4), "classification": (1, COUNT, 3)}, SIZE))
    assert match is not None and not match.is_certain


@pytest.mark.parametrize(
    ("columns", "labels", "classes", "first"), [(3, 0, 2, 1), (3, 2, 2, 1), (3, 3, 3, 0), (90, 0, 90, 0), (1, 0, 1, 0)]
)
def test_anchors_in_the_model_file_win(columns: int, labels: int, classes: int, first: int) -> None:
    """By hand, after ``tensors_to_detections_calculator.cc``: 5 of 10 parts right of an anchor, as wide and e high."""
    described = Anchors(((0.5, 0.5, 0.2, 0.2), (0.4, 0.6, 0.1, 0.2)), (10.0, 10.0, 5.0, 5.0), True, True)
    boxes, scores = np.zeros((1, 2, 4), np.float32), np.full((1, 2, columns), -8.0, np.float32)
    boxes[0, 1] = [0.0, 5.0, 5.0, 0.0]
    scores[0, 1, columns - 1] = 2.0
    evidence = ran({"b": boxes, "s": scores}, SIZE, labels, metadata=Metadata(anchors=described))
    match = find(evidence)
    assert match is not None and match.decode is not None
    assert (match.classes, match.first_class, match.is_certain, match.activation) == (classes, first, True, "sigmoid")
    assert match.because == "the model file has its 2 anchors"
    golden = (0.4, 0.6 - 0.1 * np.e, 0.5, 0.6 + 0.1 * np.e, 0.8808, columns - 1)
    assert_given(match.decode([boxes[0], scores[0]], SIZE, classes), [golden])


def test_anchors_in_the_model_file_that_do_not_fit_are_refused() -> None:
    described = Anchors(((0.5, 0.5, 0.2, 0.2),), (10.0, 10.0, 5.0, 5.0), True, True)
    with pytest.raises(ModelError) as caught:
        find_head(None, ran({"b": (1, 2, 4), "s": (1, 2, 3)}, SIZE, metadata=Metadata(anchors=described)))
    assert str(caught.value) == (
        "the model file has 1 anchors, but no output has as many boxes; the outputs are b [1, 2, 4]; s [1, 2, 3]"
    )
