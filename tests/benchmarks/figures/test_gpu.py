"""Without a GPU the benchmark says so, and measures nothing."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.figures import gpu
from benchmarks.measuring import Program
from benchmarks.workloads import Inputs


def test_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library = SimpleNamespace(__version__="1.2", get_available_providers=lambda: ["CPUExecutionProvider"])
    monkeypatch.setitem(sys.modules, "onnxruntime", library)
    inputs = Inputs(tmp_path, tmp_path, b"", tmp_path, None, 1)
    findings = gpu.measure(Program(tmp_path, "nothing runs", tmp_path), inputs)
    assert not findings.rows
    said = "gpu was not measured: ONNX Runtime 1.2 has CPUExecutionProvider, not CUDAExecutionProvider."
    assert findings.notes == [said]


def test_a_gpu_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    library = SimpleNamespace(__version__="1.2", get_available_providers=lambda: [gpu.PROVIDER])
    monkeypatch.setitem(sys.modules, "onnxruntime", library)
    assert gpu.reason_without() is None
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert gpu.reason_without() == "ONNX Runtime is not installed"
