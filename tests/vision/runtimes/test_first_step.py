from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.vision import onnx_models, tflite_models
from tests.vision.onnx_models import field
from vision.runtimes.base import Metadata
from vision.runtimes.first_step import FirstStep, first_step_of_onnx, first_step_of_tflite, wanted_range, with_range

SHAPE = (1, 2, 2, 3)


def onnx(nodes: Sequence[tuple[str, Sequence[str], str]], **constants: Any) -> bytes:
    kept = [onnx_models.tensor(name, np.asarray(array)) for name, array in constants.items()]
    return onnx_models.file(
        [onnx_models.node(*each) for each in nodes],
        kept,
        [onnx_models.value("picture", "float32", SHAPE)],
        [onnx_models.value(nodes[-1][2], "float32", SHAPE)],
    )


def f32(*values: float) -> Any:
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ("model", "step"),
    [
        (onnx([("Div", ["picture", "k"], "out")], k=f32(255)), FirstStep("divide", (255.0,))),
        (onnx([("Div", ["k", "picture"], "out")], k=f32(255)), None),
        (onnx([("Mul", ["k", "picture"], "out")], k=f32(0.5)), FirstStep("multiply", (0.5,))),
        (
            onnx([("Transpose", ["picture"], "t"), ("Sub", ["t", "k"], "s"), ("Div", ["s", "d"], "out")],
                 k=f32(124, 117, 104), d=f32(58, 57, 57)),
            FirstStep("subtract", (124.0, 117.0, 104.0)),
        ),
        (onnx([("Shape", ["picture"], "n"), ("Add", ["picture", "k"], "out")], k=f32(-1)), FirstStep("add", (-1.0,))),
        (onnx([("Cast", ["picture"], "c"), ("Mul", ["c", "k"], "out")], k=np.array([2], np.float16)),
         FirstStep("multiply", (2.0,))),
        (onnx([("Relu", ["picture"], "r"), ("Div", ["r", "k"], "out")], k=f32(255)), None),
        (onnx([("Div", ["picture", "k"], "a"), ("Relu", ["picture"], "out")], k=f32(255)), None),
        (onnx([("Mul", ["picture", "picture"], "out")]), None),
        (onnx([("Mul", ["picture", "k"], "out")], k=np.ones(100, np.float32)), None),
        (b"", None),
        (b"\x3a\x7f", None),
    ],
)  # fmt: skip
def test_the_first_calculation_of_an_onnx_model(model: bytes, step: FirstStep | None) -> None:
    assert first_step_of_onnx(model, "picture") == step


def test_a_constant_may_be_a_node() -> None:
    value = onnx_models.tensor("", f32(255))
    node = field(2, "k") + field(4, "Constant") + field(5, field(1, "value") + field(5, value))
    model = onnx_models.file([onnx_models.node("Div", ["picture", "k"], "out"), node], [], [], [])
    assert first_step_of_onnx(model, "picture") == FirstStep("divide", (255.0,))


def tflite(operator: str, values: Sequence[float], *, half: bool = False) -> bytes:
    schema, flatbuffers = tflite_models.schema, tflite_models.flatbuffers
    codes = []
    for name in (operator, "DEQUANTIZE"):
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
        codes.append(code)
    names = [("picture", SHAPE), ("out", SHAPE), ("k", (len(values),)), ("k16", (len(values),))]
    tensors = [tflite_models.tensor(name, shape) for name, shape in names]
    buffer = schema.BufferT()
    kind = np.float16 if half else np.float32
    buffer.data = list(np.array(values, kind).tobytes())
    tensors[3 if half else 2].buffer = 1
    tensors[3].type = schema.TensorType.FLOAT16
    steps = []
    for index, given, taken in [(1, [3], [2])] * half + [(0, [0, 2], [1])]:
        step = schema.OperatorT()
        step.opcodeIndex, step.inputs, step.outputs = index, given, taken
        steps.append(step)
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs, graph.operators = tensors, [0], [1], steps
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, codes, [graph], [schema.BufferT(), buffer]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    ("model", "step"),
    [
        (tflite("MUL", [0.5]), FirstStep("multiply", (0.5,))),
        (tflite("MUL", [0.5], half=True), FirstStep("multiply", (0.5,))),
        (tflite("SUB", [1, 2, 3]), FirstStep("subtract", (1.0, 2.0, 3.0))),
        (tflite("MAXIMUM", [0.5]), None),
        (tflite_models.classifier(), None),
        (b"", None),
        (tflite("MUL", [0.5])[:60], None),
    ],
)
def test_the_first_calculation_of_a_tflite_model(model: bytes, step: FirstStep | None) -> None:
    assert first_step_of_tflite(model) == step


@pytest.mark.parametrize(
    ("step", "highest", "because"),
    [
        (FirstStep("divide", (255.0,)), 255, "the model itself divides pixels by 255"),
        (FirstStep("multiply", (1 / 127.5,)), 255, "the model itself multiplies pixels by 0.007843"),
        (FirstStep("multiply", (255.0,)), 1, "the model itself makes pixels of fractions, with the factor 255"),
        (
            FirstStep("subtract", (123.7, 116.8, 103.9)),
            255,
            "the model itself subtracts 123.7, 116.8, 103.9, which is a mean of pixels",
        ),
        (FirstStep("add", (-127.5,)), 255, "the model itself adds -127.5, which is a mean of pixels"),
        (
            FirstStep("subtract", (0.485, 0.456, 0.406)),
            1,
            "the model itself subtracts 0.485, 0.456, 0.406, ImageNet's mean as fractions",
        ),
        (FirstStep("subtract", (0.5,)), None, ""),
        (FirstStep("multiply", (2.0,)), None, ""),
        (FirstStep("divide", (0.229, 0.224, 0.225)), None, ""),
        (FirstStep("divide", (0.0,)), None, ""),
        (None, None, ""),
    ],
)
def test_it_shows_the_range_of_the_input(step: FirstStep | None, highest: int | None, because: str) -> None:
    found = wanted_range(step)
    assert (found and tuple(found[:2])) == (None if highest is None else (highest, because))


@pytest.mark.parametrize(
    ("values", "order"),
    [
        ((123.68, 116.78, 103.94), "rgb"),
        ((103.94, 116.78, 123.68), "bgr"),
        ((0.485, 0.456, 0.406), "rgb"),
        ((0.406, 0.456, 0.485), "bgr"),
        ((127.5, 127.5, 127.5), ""),
        ((127.5,), ""),
    ],
)
def test_the_mean_of_imagenet_shows_the_order_of_the_channels(values: tuple[float, ...], order: str) -> None:
    step = FirstStep("subtract", values)
    found = wanted_range(step)
    assert found is not None and found.color_order == order
    metadata = with_range(Metadata(), step)
    assert (metadata.color_order, metadata.std) == (order, (255.0 / found.highest,))
    stated = Metadata(mean=(1.0,), std=(2.0,), color_order="rgb")
    assert with_range(stated, step) == stated
    assert with_range(Metadata(), None) == Metadata()
