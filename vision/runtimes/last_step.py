"""The last thing that a model does to each of its outputs, which shows whether these are probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .base import Ending
from .encodings import Table, fields, messages, root
from .first_step import DAMAGE, onnx_node

_MAX_STEPS = 8  # that only move the numbers or change their type

# In ONNX: fields of the messages, operators.
_GRAPH, _NODES, _OUTPUTS, _NAME = 7, 1, 12, 1
_ONNX_ENDINGS = {
    "Softmax": Ending.SOFTMAX,
    "Sigmoid": Ending.SIGMOID,
    "Tanh": Ending.TANH,
    "Relu": Ending.RELU,
    "Gemm": Ending.LINEAR,
    "MatMul": Ending.LINEAR,
    "Conv": Ending.LINEAR,
    "QLinearMatMul": Ending.LINEAR,
    "QLinearConv": Ending.LINEAR,
}
_ONNX_MOVES = ("Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "QuantizeLinear",
               "DequantizeLinear", "Resize", "Upsample")  # fmt: skip
_ONNX_BIAS = "Add"

# In TFLite: numbers of the operators, and the field of their options that has the activation after them.
_LITE_ENDINGS = {
    25: Ending.SOFTMAX,
    14: Ending.SIGMOID,
    28: Ending.TANH,
    19: Ending.RELU,
    9: Ending.LINEAR,
    3: Ending.LINEAR,
}
_LITE_ACTIVATIONS = {9: 0, 3: 3}
_LITE_FUSED = {1: Ending.RELU, 4: Ending.TANH}  # such activations; 0 is none
_LITE_MOVES = (22, 53, 43, 39, 6, 114, 23, 97)  # reshape, cast, squeeze, transpose, (de)quantize, resize


class _Step(NamedTuple):
    """The calculation that makes a tensor: what it ends in, if that is known, and the tensors that it may only move."""

    ending: Ending | None
    moved: tuple[object, ...] = ()


def endings_of_onnx(content: bytes) -> dict[str, Ending]:
    """Return what the outputs of an ONNX model end in, by name, as far as it is known."""
    try:
        for graph in messages(content, {"model": {_GRAPH: "graph"}}, "model", "graph"):
            nodes = [onnx_node(content, part) for part in graph if part.number == _NODES]
            steps: dict[object, _Step] = {}
            for node in nodes:
                moves = node.operator in _ONNX_MOVES
                step = _Step(_ONNX_ENDINGS.get(node.operator), node.given[:1] if moves else ())
                if node.operator == _ONNX_BIAS and Ending.LINEAR in _made_by(steps, node.given):
                    step = _Step(Ending.LINEAR)
                steps |= dict.fromkeys(node.taken, step)
            outputs = [
                content[field.start : field.end]
                for part in graph
                if part.number == _OUTPUTS
                for field in fields(content, part)
                if field.number == _NAME
            ]
            return _known(steps, {name.decode("utf-8", "replace"): name for name in outputs})
    except DAMAGE:
        pass
    return {}


def _made_by(steps: Mapping[object, _Step], places: Sequence[object]) -> set[Ending | None]:
    return {steps[place].ending for place in places if place in steps}


def endings_of_tflite(content: bytes, names: Sequence[str]) -> dict[str, Ending]:
    """Return what the outputs of a TFLite model end in, as far as it is known.

    Args:
        content: The model file.
        names: The names of the outputs, in their order.
    """
    try:
        model = root(content)
        codes = [max(code.number(0, "<b", 0), code.number(3, "<i", 0)) for code in model.tables(1)]
        graph = next(model.tables(2))
        steps: dict[object, _Step] = {}
        for operator in graph.tables(3):
            code = codes[operator.number(0, "<I", 0)]
            given, taken = (tuple(int(place) for place in operator.numbers(field, "i")) for field in (1, 2))
            step = _Step(_lite_ending(code, operator), given[:1] if code in _LITE_MOVES else ())
            steps |= dict.fromkeys(taken, step)
        return _known(steps, dict(zip(names, map(int, graph.numbers(2, "i")), strict=False)))
    except (*DAMAGE, StopIteration):
        return {}


def _lite_ending(code: int, operator: Table) -> Ending | None:
    ending, options = _LITE_ENDINGS.get(code), operator.table(4)
    activation = options.number(_LITE_ACTIVATIONS[code], "<b", 0) if options and code in _LITE_ACTIVATIONS else 0
    return _LITE_FUSED.get(activation) if activation else ending


def _known(steps: Mapping[object, _Step], outputs: Mapping[str, object]) -> dict[str, Ending]:
    found = {name: _ending(steps.get, place) for name, place in outputs.items()}
    return {name: ending for name, ending in found.items() if ending is not None}


def _ending(maker: Callable[[object], _Step | None], place: object) -> Ending | None:
    for _ in range(_MAX_STEPS):
        step = maker(place)
        if step is None or not step.moved:
            return None if step is None else step.ending
        place = step.moved[0]
    return None
