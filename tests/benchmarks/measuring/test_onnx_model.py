"""The model of the benchmarks takes one picture or several, with the same answers."""

from pathlib import Path

import numpy as np

from benchmarks.measuring import write_classifier
from benchmarks.measuring.onnx_model import LABELS, SIDE_PX
from vision import Onnx


def test_it_takes_several_pictures_at_once(tmp_path: Path) -> None:
    path = tmp_path / "made.onnx"
    write_classifier(path)
    runtime = Onnx(Onnx.read(path))
    pictures = np.random.default_rng(2).random((2, 3, SIDE_PX, SIDE_PX), np.float32)
    both = runtime.infer({"picture": pictures})["scores"]
    alone = runtime.infer({"picture": pictures[1:]})["scores"]
    assert both.shape == (2, LABELS)
    assert np.allclose(both[1], alone[0], atol=1e-5)
    assert np.allclose(both.sum(1), 1, atol=1e-5)
    assert not np.allclose(both[0], both[1], atol=1e-5)
