"""A model that passes every trial on noise, and loops for ever on a picture of one colour."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

# They have no type information.
onnx: Any = importlib.import_module("onnx")
helper = onnx.helper
FLOAT, INT64, BOOL = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.BOOL


def looping_classifier() -> bytes:
    """Return a classifier of pictures of 8 x 8 pixels with the scores of two classes."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["goes_on"]), helper.make_node("Identity", ["kept"], ["kept_on"])],
        "body",
        [helper.make_tensor_value_info("number", INT64, []), helper.make_tensor_value_info("go", BOOL, [])]
        + [helper.make_tensor_value_info("kept", FLOAT, [1, 2])],
        [helper.make_tensor_value_info("goes_on", BOOL, []), helper.make_tensor_value_info("kept_on", FLOAT, [1, 2])],
    )
    steps = [
        helper.make_node("ReduceMax", ["picture"], ["most"], keepdims=0),
        helper.make_node("ReduceMin", ["picture"], ["least"], keepdims=0),
        helper.make_node("Sub", ["most", "least"], ["range"]),
        helper.make_node("Less", ["range", "little"], ["flat"]),
        helper.make_node("ReduceMean", ["picture"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "signs"], ["raw"]),
        helper.make_node("Softmax", ["raw"], ["first"], axis=1),
        helper.make_node("Loop", ["times", "flat", "first"], ["scores"], body=body),
    ]
    constants = {
        "little": np.float32(1e-3),
        "times": np.int64(2**62),
        "signs": np.array([[1, -1]], np.float32),
    }
    graph = helper.make_graph(
        steps,
        "looping",
        [helper.make_tensor_value_info("picture", FLOAT, [1, 8, 8, 3])],
        [helper.make_tensor_value_info("scores", FLOAT, [1, 2])],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    data: bytes = model.SerializeToString()
    return data
