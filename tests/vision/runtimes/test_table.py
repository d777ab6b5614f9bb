"""The choice of the runtime for a model file."""

from __future__ import annotations

from pathlib import Path

import pytest

from vision import RUNTIMES, LiteRt, ModelError, Onnx
from vision.runtimes import runtime_for


@pytest.mark.parametrize(("name", "kind"), [("a.onnx", Onnx), ("a.TFLITE", LiteRt), ("a.txt", LiteRt), ("a", LiteRt)])
def test_the_ending_chooses_the_runtime(name: str, kind: type) -> None:
    assert runtime_for(Path(name), RUNTIMES) is kind


def test_an_ending_that_none_of_the_runtimes_reads_is_an_error() -> None:
    with pytest.raises(ModelError, match=r'a.tflite: no runtime for ".tflite" \(known: .onnx\)'):
        runtime_for(Path("a.tflite"), {"onnx": Onnx})
