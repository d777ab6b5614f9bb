from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.vision import onnx_models, tflite_models
from vision.runtimes.base import Ending
from vision.runtimes.files import ModelFile
from vision.runtimes.last_step import endings_of_onnx, endings_of_tflite
from vision.runtimes.litert import LiteRt
from vision.runtimes.onnx import Onnx

SHAPE = (1, 2, 2, 3)


def onnx(*nodes: tuple[str, Sequence[str], str]) -> bytes:
    return onnx_models.file(
        [onnx_models.node(*each) for each in nodes],
        [onnx_models.tensor("k", np.ones(3, np.float32))],
        [onnx_models.value("picture", "float32", SHAPE)],
        [onnx_models.value(nodes[-1][2], "float32", SHAPE)],
    )


@pytest.mark.parametrize(
    ("nodes", "ending"),
    [
        ([("Softmax", ["picture"], "out")], Ending.SOFTMAX),
        ([("Sigmoid", ["picture"], "s"), ("Cast", ["s"], "c"), ("Reshape", ["c", "k"], "out")], Ending.SIGMOID),
        ([("Tanh", ["picture"], "out")], Ending.TANH),
        ([("MatMul", ["picture", "k"], "m"), ("Add", ["k", "m"], "out")], Ending.LINEAR),
        ([("Conv", ["picture", "k"], "c"), ("Resize", ["c", "k"], "out")], Ending.LINEAR),
        ([("Sigmoid", ["picture"], "s"), ("Mul", ["s", "k"], "out")], None),
        ([("Add", ["picture", "k"], "out")], None),
        ([("Identity", ["out"], "out")], None),
    ],
)
def test_the_last_calculation_of_an_onnx_model(
    nodes: Sequence[tuple[str, Sequence[str], str]], ending: Ending | None
) -> None:
    assert endings_of_onnx(onnx(*nodes)).get("out") == ending


@pytest.mark.parametrize(
    ("operator", "ending"),
    [
        ("SOFTMAX", Ending.SOFTMAX),
        ("LOGISTIC", Ending.SIGMOID),
        ("TANH", Ending.TANH),
        ("RELU", Ending.RELU),
        ("ABS", None),
    ],
)
def test_the_last_calculation_of_a_tflite_model(operator: str, ending: Ending | None) -> None:
    given, taken = tflite_models.tensor("picture", SHAPE), tflite_models.tensor("scores", SHAPE)
    assert endings_of_tflite(tflite_models.model(given, taken, operator), ["scores"]).get("scores") == ending


@pytest.mark.parametrize(
    ("activation", "ending"), [("NONE", Ending.LINEAR), ("TANH", Ending.TANH), ("RELU", Ending.RELU), ("RELU6", None)]
)
def test_a_calculation_may_have_its_activation_built_in(activation: str, ending: Ending | None) -> None:
    schema = tflite_models.schema
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
    given, taken = tflite_models.tensor("picture", SHAPE), tflite_models.tensor("scores", (1, 3))
    content = tflite_models.model(
        given, taken, "FULLY_CONNECTED", options=(schema.BuiltinOptions.FullyConnectedOptions, options)
    )
    assert endings_of_tflite(content, ["scores"]).get("scores") == ending


@pytest.mark.parametrize("content", [b"", b"\x3a\x7f", b"TFL3" * 9])
def test_damaged_models_end_in_nothing(content: bytes) -> None:
    assert endings_of_onnx(content) == {}
    assert endings_of_tflite(content, ["scores"]) == {}


def test_the_runtimes_say_it(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx(("Tanh", ["picture"], "out")))
    assert Onnx(ModelFile.read(path)).metadata.endings == {"out": Ending.TANH}
    path = tmp_path / "model.tflite"
    given, taken = tflite_models.tensor("picture", SHAPE), tflite_models.tensor("scores", SHAPE)
    path.write_bytes(tflite_models.model(given, taken, "TANH"))
    assert LiteRt(ModelFile.read(path)).metadata.endings == {"scores": Ending.TANH}
