"""Without a GPU the benchmark says so, and measures nothing; what a GPU would run is tried on the CPU."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.command import ROOT
from benchmarks.figures import gpu
from benchmarks.measuring import Program, Server
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


def test_each_way_is_served_in_turn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a GPU runs, but on the CPU, which has the same path."""
    for name, value in (("NUMBER", 2), ("PAIRS", 1), ("SETTLE_S", 0.5), ("MEASURED_S", 1.0)):
        monkeypatch.setattr(gpu, name, value)
    asked: list[str] = []

    class Noted(Program):
        @contextmanager
        def serve(self, config: str | Path) -> Iterator[Server]:
            asked.append(str(config))
            with super().serve(config) as server:
                yield server

    findings = gpu.compared(Noted(ROOT, "tree", tmp_path), "cpu", "CUDA")
    assert [("batch: {max: 16, wait_ms: 5}" in config, "[cpu]" in config) for config in asked] == [
        (True, True),
        (False, True),
        (False, True),
    ]
    assert [row.what for row in findings.rows] == [
        "inferences of 2 cameras on CUDA, batches of 16 at most, relative to CUDA, each alone",
        "inferences of 2 cameras on CUDA, batches of 16 at most, relative to the CPU",
        "inferences of 2 cameras on CUDA, batches of 16 at most",
        "program on CUDA, batches of 16 at most",
        "inferences of 2 cameras on CUDA, each alone",
        "program on CUDA, each alone",
        "inferences of 2 cameras on the CPU",
        "program on the CPU",
    ]
    assert all(value > 0 for row in findings.rows for value in row.values)


def test_the_provider_stands_in_the_configuration(tmp_path: Path) -> None:
    text = gpu.config([tmp_path / "clip.mp4"], tmp_path / "made.onnx", "cuda", True)
    assert "providers: [cuda], batch: {max: 16, wait_ms: 5}" in text
    assert text.count("model: video_file") == gpu.NUMBER
