"""Builders of tiny ONNX models: one operator on the input, and constants as further outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11}


def _varint(value: int) -> bytes:
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def field(number: int, value: int | str | bytes) -> bytes:
    """Return one field of a protocol buffer."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def value(name: str, dtype: str, shape: Sequence[int | str]) -> bytes:
    """Return the description of an input or output."""
    sizes = (field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, _TYPES[dtype]) + field(2, b"".join(sizes))))


def tensor(name: str, array: NDArray[Any]) -> bytes:
    """Return a constant."""
    sizes = b"".join(field(1, size) for size in array.shape)
    return sizes + field(2, _TYPES[str(array.dtype)]) + field(8, name) + field(9, array.tobytes())


def node(operator: str, given: Sequence[str], taken: str) -> bytes:
    """Return one step of a graph."""
    return b"".join(field(1, name) for name in given) + field(2, taken) + field(4, operator)


def model(
    constants: Mapping[str, NDArray[Any]] | None = None,
    *,
    shape: Sequence[int | str] = (1, 2, 2, 3),
    dtype: str = "float32",
    operator: str = "",
    reshape: Sequence[int] = (),
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """Return a model: input ``picture``; output ``out`` of an operator or a reshape, where asked for; constants."""
    nodes, outputs, kept = [], [], []
    if operator:
        nodes.append(node(operator, ["picture"], "out"))
        outputs.append(value("out", dtype, shape))
    if reshape:
        nodes.append(node("Reshape", ["picture", "shape"], "out"))
        kept.append(tensor("shape", np.array(reshape, np.int64)))
        outputs.append(value("out", dtype, [size if size > 0 else "rows" for size in reshape]))
    for name, array in (constants or {}).items():
        nodes.append(node("Identity", [f"{name}_kept"], name))
        kept.append(tensor(f"{name}_kept", array))
        outputs.append(value(name, str(array.dtype), array.shape))
    return file(nodes, kept, [value("picture", dtype, shape)], outputs, metadata or {})


def file(
    nodes: Sequence[bytes],
    constants: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """Return the model of a graph."""
    parts = ((1, nodes), (5, constants), (11, inputs), (12, outputs))
    graph = field(2, "made") + b"".join(field(number, one) for number, several in parts for one in several)
    properties = (field(14, field(1, key) + field(2, value)) for key, value in (metadata or {}).items())
    return field(1, 8) + field(2, "made") + field(7, graph) + field(8, field(2, 13)) + b"".join(properties)


def outside(location: str, *, size: int = 12) -> bytes:
    """Return a model that adds weights from a file to its input."""
    entry = field(13, field(1, "location") + field(2, location)) + field(
        13, field(1, "length") + field(2, str(4 * size))
    )
    weights = b"".join(field(1, side) for side in (1, 2, 2, 3)) + field(2, 1) + field(8, "w") + entry + field(14, 1)
    shape = (1, 2, 2, 3)
    given, taken = value("picture", "float32", shape), value("out", "float32", shape)
    return file([node("Add", ["picture", "w"], "out")], [weights], [given], [taken])
