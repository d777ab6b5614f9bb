from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads.rfdetr import HEAD, find

from .expected_boxes import assert_given
from .given import ran
from .test_detr import SIZE, queries
from .test_rtdetr import GOLDEN

SHAPES = {"dets": (1, 300, 4), "labels": (1, 300, 6)}


@pytest.mark.parametrize(("labels", "classes"), [(0, 5), (5, 5), (6, 6)])
def test_the_last_column_is_no_object_unless_it_has_a_label(labels: int, classes: int) -> None:
    match = find(ran(SHAPES, labels=labels))
    assert match is not None
    assert (match.classes, match.is_certain) == (classes, True)
    assert match.decode is not None
    found = match.decode(queries(), SIZE, classes)
    golden = tuple(row for row in GOLDEN if row[5] < classes)
    assert_given(found.select(np.argsort(-found.scores)[: len(golden)]), golden, SIZE)


def test_other_names_are_not_enough() -> None:
    match = find(ran({"logits": (1, 300, 6), "pred_boxes": (1, 300, 4)}))
    assert match is not None and not match.is_certain
    assert find(ran({"out": (1, 300, 6)})) is None
    assert HEAD.activation == "sigmoid"
