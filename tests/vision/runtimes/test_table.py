"""The choice of the runtime for a model file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vision.onnx_models import model
from vision import RUNTIMES, LiteRt, ModelError, Onnx, OnnxAttributes, RuntimeDeclaration
from vision.runtimes import check_model, runtime_for


@pytest.mark.parametrize(("name", "kind"), [("a.onnx", Onnx), ("a.TFLITE", LiteRt), ("a.txt", LiteRt), ("a", LiteRt)])
def test_the_suffix_selects_the_runtime(name: str, kind: type) -> None:
    assert runtime_for(Path(name), RUNTIMES) is kind


def test_an_unknown_suffix_is_an_error() -> None:
    with pytest.raises(ModelError, match=r'a.tflite: no runtime for ".tflite" \(known: .onnx\)'):
        runtime_for(Path("a.tflite"), {"onnx": Onnx})


def test_a_model_is_checked_with_its_labels_if_it_has_some(tmp_path: Path) -> None:
    path, labels = tmp_path / "a.onnx", tmp_path / "labels.txt"
    path.write_bytes(model(operator="Relu"))
    check_model(RuntimeDeclaration("a", "onnx", OnnxAttributes(model_path=path)))
    labels.touch()
    with pytest.raises(ModelError, match="the labels file is empty"):
        check_model(RuntimeDeclaration("a", "onnx", OnnxAttributes(model_path=path, label_path=labels)))
