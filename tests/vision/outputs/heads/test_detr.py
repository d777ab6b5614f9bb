from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vision.outputs.heads.detr import decode, find

from .expected_boxes import assert_given
from .given import ran

SIZE = (640, 480)

# transformers 5.24.0, on torch 2.14.1: DetrImageProcessor and YolosImageProcessor.post_process_object_detection
GOLDEN = (
    (53.12, 80.4, 213.12, 338.16, 0.8959, 4),
    (132.16, 3.84, 244.16, 247.68, 0.6918, 1),
    (297.92, 137.76, 408.64, 231.84, 0.6504, 2),
    (59.2, 186.0, 312.0, 379.44, 0.5892, 3),
    (108.48, -57.6, 443.2, 216.96, 0.5696, 1),
    (215.36, 103.68, 470.72, 166.08, 0.4425, 1),
)


def queries() -> list[Any]:
    """Return logits and boxes of eight queries, for five labels and no object."""
    random = np.random.default_rng(7)
    logits, boxes = random.normal(0, 2, (8, 6)), random.uniform(0.1, 0.6, (8, 4))
    return [logits.astype(np.float32).round(3), boxes.astype(np.float32).round(3)]


def test_boxes_equal_those_of_the_original() -> None:
    found = decode(queries(), SIZE, 5)
    assert_given(found.select(found.scores > 0.3), GOLDEN, SIZE)


def with_no_object(columns: int, best: int) -> Any:
    """Return logits of a hundred queries, of which most have their highest value in one column."""
    logits = np.zeros((1, 100, columns))
    logits[:, :90, best] = 5.0
    return logits


@pytest.mark.parametrize(
    ("outputs", "options", "classes", "is_certain"),
    [
        ({"logits": (1, 100, 92), "pred_boxes": (1, 100, 4)}, {}, 91, True),
        ({"logits": with_no_object(7, 6), "pred_boxes": (1, 100, 4)}, {}, 6, True),
        ({"logits": with_no_object(7, 6), "pred_boxes": (1, 100, 4), "last_hidden_state": (1, 100, 256)}, {}, 6, True),
        ({"logits": with_no_object(7, 2), "pred_boxes": (1, 100, 4)}, {}, 6, False),
        ({"logits": (1, 100, 7), "pred_boxes": (1, 100, 4)}, {"activation": "softmax"}, 6, True),
        ({"a": with_no_object(7, 6), "b": np.full((1, 100, 4), 0.7)}, {}, 6, True),  # corners would be out of order
        ({"a": with_no_object(7, 6), "b": np.full((1, 100, 4), 0.3)}, {}, 6, False),  # may be top left corners
        ({"a": with_no_object(7, 6), "b": np.full((1, 100, 4), 30.0)}, {}, 6, False),
    ],
)
def test_names_and_values_show_that_it_is_one(
    outputs: dict[str, Any], options: dict[str, Any], classes: int, is_certain: bool
) -> None:
    match = find(ran(outputs, **options))
    assert match is not None
    assert (match.classes, match.is_certain) == (classes, is_certain)


def test_without_names_probabilities_that_sum_to_one_are_those_of_its_softmax() -> None:
    probabilities = np.zeros((1, 100, 7))
    probabilities[..., 6], probabilities[..., 1] = 0.9, 0.1
    boxes = np.full((1, 100, 4), 0.7)
    match = find(ran({"a": probabilities, "b": boxes}))
    assert match is not None and match.is_certain
    assert (match.classes, match.activation) == (6, "none")
    match = find(ran({"a": probabilities / 2, "b": boxes}))  # independent: of a sigmoid
    assert match is not None and not match.is_certain


@pytest.mark.parametrize(
    "outputs",
    [
        {"logits": (1, 100, 92)},
        {"logits": (1, 90, 92), "pred_boxes": (1, 100, 4)},
        {"labels": (1, 300, 91), "dets": (1, 300, 4)},
    ],
)
def test_other_outputs_are_not(outputs: dict[str, Any]) -> None:
    assert find(ran(outputs)) is None
