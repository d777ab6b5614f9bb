from __future__ import annotations

import numpy as np
import pytest

from vision import ModelError
from vision.outputs.output_names import output_names
from vision.runtimes.base import TensorInfo

A, B = (TensorInfo(name, (1, 4), np.dtype(np.float32)) for name in ("a", "b"))


def infos(*names: str) -> list[TensorInfo]:
    return [TensorInfo(name, (1, 4), np.dtype(np.float32)) for name in names]


def test_what_is_declared_wins() -> None:
    assert output_names(infos("score", "x"), (), {"x": "score"}) == {"x": "score"}
    assert output_names([A, B], ("location", "score"), {"a": "score"}) == {"a": "score"}


def test_metadata_name_outputs_in_their_order_and_may_be_declared_by() -> None:
    described = ("location", "number of detections")
    assert output_names([A, B], described, {}) == {"a": "location", "b": "count"}
    assert output_names([A, B], ("first", "second"), {"second": "category"}) == {"b": "category"}
    assert output_names([A, B], ("location",), {}) == {}


def test_words_in_the_names_of_tensors_are_hints() -> None:
    outputs = infos("detection_boxes:0", "detection_classes:0", "detection_scores:0", "num_detections:0")
    assert list(output_names(outputs, (), {}).values()) == ["location", "category", "score", "count"]


def test_ambiguous_words_in_names_are_ignored() -> None:
    assert output_names(infos("score_a", "score_b", "class_scores"), (), {}) == {}


def test_a_declared_name_must_be_there() -> None:
    with pytest.raises(ModelError) as caught:
        output_names([A, B], (), {"c": "score"})
    assert str(caught.value) == (
        "remap_output_names: the model has no output 'c', only a [1, 4] float32; b [1, 4] float32"
    )
