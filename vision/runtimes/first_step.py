"""The first thing that a model does with the numbers of its input, which shows what range it wants them in.

Keras's ``Rescaling`` layer and exports that include the normalisation put it into the model: normalised pictures would
be normalised twice.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .base import Metadata
from .encodings import Table, WireField, fields, integer, messages, root

_MAX_STEPS = 8  # that only move the numbers or change their type
_MAX_CONSTANT = 64  # numbers of a constant for each channel, and of the scale in a longer one
_LEAST_PIXEL = 16.0  # means of pixel values are far above, those of fractions far below
_LEAST_SCALE = 64.0  # divisors of pixel values: 255, 128, 127.5
_IMAGENET = (0.485, 0.456, 0.406)
_NEAR = 0.02
DAMAGE = (struct.error, ValueError, UnicodeDecodeError, IndexError, OverflowError)

# In ONNX: fields of the messages, types of tensors.
_GRAPH, _NODES, _INITIALIZERS = 7, 1, 5
_GIVEN, _TAKEN, _OPERATOR, _ATTRIBUTE, _TENSOR = 1, 2, 4, 5, 5
_TYPE, _FLOATS, _NAME, _RAW = 2, 4, 8, 9
_ONNX_TYPES = {1: "<f4", 10: "<f2", 11: "<f8"}
_ONNX_STEPS = {"Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide"}
_ONNX_MOVES = ("Cast", "Transpose", "Identity", "Reshape")
_ONNX_LOOKS = ("Shape", "Size")

# In TFLite: numbers of the operators, types of tensors.
_LITE_STEPS = {0: "add", 41: "subtract", 18: "multiply", 42: "divide"}
_LITE_MOVES = (53, 39, 22)  # cast, transpose, reshape
_LITE_LOOKS = (77,)  # shape
_LITE_DEQUANTIZE = 6
_LITE_TYPES = {0: "<f4", 1: "<f2"}
_PICTURE_AXES = 4


def with_range(metadata: Metadata, step: FirstStep | None) -> Metadata:
    """Return metadata with the range that a first calculation shows, unless they state one."""
    wanted = wanted_range(step)
    if metadata.mean or wanted is None:
        return metadata
    return replace(
        metadata,
        mean=(0.0,),
        std=(255.0 / wanted.highest,),
        range_because=wanted.because,
        color_order=metadata.color_order or wanted.color_order,
    )


class FirstStep(NamedTuple):
    """The first calculation with the input: ``add``, ``subtract``, ``multiply`` or ``divide``, and its constant."""

    operation: str
    values: tuple[float, ...]


class WantedRange(NamedTuple):
    """The range that a model wants the channels of its input in.

    Attributes:
        highest: 255, or 1; the lowest is 0.
        because: The evidence, as a sentence without a full stop.
        color_order: ``rgb`` or ``bgr``, if the mean of ImageNet shows it.
    """

    highest: int
    because: str
    color_order: str = ""


def wanted_range(step: FirstStep | None) -> WantedRange | None:
    """Return the range that a first calculation shows, ``None`` if it shows none."""
    if step is None or not step.values:
        return None
    values = np.abs(np.array(step.values))
    shown = ", ".join(f"{value:.4g}" for value in step.values[:3])
    if step.operation in ("divide", "multiply"):
        if not values.all():
            return None
        factors = 1.0 / values if step.operation == "divide" else values
        if factors.max() <= 1.0 / _LEAST_SCALE:
            by = f"divides pixels by {shown}" if step.operation == "divide" else f"multiplies pixels by {shown}"
            return WantedRange(255, f"the model itself {by}")
        if factors.min() >= _LEAST_SCALE:
            return WantedRange(1, f"the model itself makes pixels of fractions, with the factor {shown}")
        return None
    does = f"the model itself {step.operation}s {shown}"
    if values.max() >= _LEAST_PIXEL:
        return WantedRange(255, f"{does}, which is a mean of pixels", _color_order(values / 255.0))
    if order := _color_order(values):
        return WantedRange(1, f"{does}, ImageNet's mean as fractions", order)
    return None


def _color_order(mean: NDArray[np.float64]) -> str:
    """Return the order of the channels by ImageNet's mean, empty if it is another."""
    if mean.shape != (3,):
        return ""
    orders = {"rgb": mean, "bgr": mean[::-1]}
    return next((order for order, each in orders.items() if np.abs(each - _IMAGENET).max() < _NEAR), "")


def first_step_of_onnx(content: bytes, given: str) -> FirstStep | None:
    """Return the first calculation of an ONNX model with an input, ``None`` if it is none with a constant.

    Args:
        content: The model file.
        given: The name of the input.
    """
    try:
        for graph in messages(content, {"model": {_GRAPH: "graph"}}, "model", "graph"):
            return _in_graph(content, graph, given.encode())
    except DAMAGE:
        pass
    return None


class OnnxNode(NamedTuple):
    """A step of an ONNX graph: its operator, and the names of the tensors that it is given and takes to others."""

    operator: str
    given: tuple[bytes, ...]
    taken: tuple[bytes, ...]
    tensors: tuple[WireField, ...]


def _in_graph(content: bytes, graph: Sequence[WireField], name: bytes) -> FirstStep | None:
    users: dict[bytes, list[OnnxNode]] = {}
    constants: dict[bytes, WireField] = {}
    for part in graph:
        if part.number == _NODES:
            node = onnx_node(content, part)
            for given in node.given:
                users.setdefault(given, []).append(node)
            if node.operator == "Constant" and node.tensors:
                constants |= dict.fromkeys(node.taken, node.tensors[0])
        elif part.number == _INITIALIZERS:
            own = next((field for field in fields(content, part) if field.number == _NAME), None)
            if own is not None:
                constants[content[own.start : own.end]] = part
    for _ in range(_MAX_STEPS):
        after = [node for node in users.get(name, []) if node.operator not in _ONNX_LOOKS]
        if len(after) != 1 or not after[0].taken:
            return None
        [node] = after
        if node.operator in _ONNX_STEPS and len(node.given) == 2:
            other = node.given[1] if node.given[0] == name else node.given[0]
            is_ordered = node.given[0] == name or node.operator in ("Add", "Mul")
            values = _onnx_values(content, constants.get(other)) if is_ordered else ()
            return _step(_ONNX_STEPS[node.operator], values)
        if node.operator not in _ONNX_MOVES or node.given[0] != name:
            return None
        name = node.taken[0]
    return None


def onnx_node(content: bytes, part: WireField) -> OnnxNode:
    """Return a step of an ONNX graph.

    Args:
        content: The model file.
        part: The step's place in it.
    """
    own = tuple(fields(content, part))
    operator = next((content[field.start : field.end] for field in own if field.number == _OPERATOR), b"")
    given = tuple(content[field.start : field.end] for field in own if field.number == _GIVEN)
    taken = tuple(content[field.start : field.end] for field in own if field.number == _TAKEN)
    tensors: Iterator[WireField] = iter(())
    if operator == b"Constant":
        attributes = (field for field in own if field.number == _ATTRIBUTE)
        tensors = (inner for field in attributes for inner in fields(content, field) if inner.number == _TENSOR)
    return OnnxNode(operator.decode("utf-8", "replace"), given, taken, tuple(tensors))


def _onnx_values(content: bytes, tensor: WireField | None) -> tuple[float, ...]:
    if tensor is None:
        return ()
    own = tuple(fields(content, tensor))
    kind = _ONNX_TYPES.get(next((integer(content, field) for field in own if field.number == _TYPE), 0))
    data = next((content[field.start : field.end] for field in own if field.number == _RAW), b"")
    if not data and kind == "<f4":  # one by one, or packed
        data = b"".join(content[field.start : field.end] for field in own if field.number == _FLOATS)
    return _numbers(data, kind)


def _numbers(data: bytes, kind: str | None) -> tuple[float, ...]:
    size = 0 if kind is None else np.dtype(kind).itemsize
    if kind is None or not data or len(data) % size or len(data) > _MAX_CONSTANT * size:
        return ()
    return tuple(np.frombuffer(data, kind).astype(np.float64).tolist())


def _step(operation: str, values: tuple[float, ...]) -> FirstStep | None:
    return FirstStep(operation, values) if values and np.isfinite(values).all() else None


def first_step_of_tflite(content: bytes) -> FirstStep | None:
    """Return the first calculation of a TFLite model with its picture, ``None`` if it is none with a constant."""
    try:
        return _in_subgraph(root(content))
    except DAMAGE:
        return None


def _in_subgraph(model: Table) -> FirstStep | None:
    codes = [max(code.number(0, "<b", 0), code.number(3, "<i", 0)) for code in model.tables(1)]
    graph = next(model.tables(2))
    tensors, buffers = list(graph.tables(0)), list(model.tables(4))
    places = [int(place) for place in graph.numbers(1, "i")]
    pictures = [place for place in places if len(tensors[place].numbers(0, "i")) == _PICTURE_AXES]
    users: dict[int, list[tuple[int, tuple[int, ...], tuple[int, ...]]]] = {}
    dequantized: dict[int, int] = {}  # constants of half precision
    for operator in graph.tables(3):
        code = codes[operator.number(0, "<I", 0)]
        given, taken = (tuple(int(place) for place in operator.numbers(field, "i")) for field in (1, 2))
        if code == _LITE_DEQUANTIZE and given and taken:
            dequantized[taken[0]] = given[0]
        for place in given:
            users.setdefault(place, []).append((code, given, taken))
    place = pictures[0] if pictures else -1
    for _ in range(_MAX_STEPS):
        after = [user for user in users.get(place, []) if user[0] not in _LITE_LOOKS]
        if len(after) != 1 or not after[0][2]:
            return None
        code, given, taken = after[0]
        if code in _LITE_STEPS and len(given) == 2:
            other = given[1] if given[0] == place else given[0]
            is_ordered = given[0] == place or _LITE_STEPS[code] in ("add", "multiply")
            values = _lite_values(tensors, buffers, dequantized.get(other, other))
            return _step(_LITE_STEPS[code], values) if is_ordered else None
        if code not in _LITE_MOVES or given[0] != place:
            return None
        place = taken[0]
    return None


def _lite_values(tensors: Sequence[Table], buffers: Sequence[Table], place: int) -> tuple[float, ...]:
    tensor = tensors[place]
    return _numbers(buffers[tensor.number(2, "<I", 0)].bytes(0), _LITE_TYPES.get(tensor.number(1, "<b", 0)))
