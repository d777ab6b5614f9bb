"""Tiny ONNX models, written by hand: their input goes through one operator, beside it any constants come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "float16": 10, "float64": 11}


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


def _value(name: str, dtype: str, shape: Sequence[int | str]) -> bytes:
    sizes = (field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, _TYPES[dtype]) + field(2, b"".join(sizes))))


def _tensor(name: str, array: NDArray[Any]) -> bytes:
    sizes = b"".join(field(1, size) for size in array.shape)
    return sizes + field(2, _TYPES[str(array.dtype)]) + field(8, name) + field(9, array.tobytes())


def _node(operator: str, given: Sequence[str], taken: str) -> bytes:
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
        nodes.append(_node(operator, ["picture"], "out"))
        outputs.append(_value("out", dtype, shape))
    if reshape:
        nodes.append(_node("Reshape", ["picture", "shape"], "out"))
        kept.append(_tensor("shape", np.array(reshape, np.int64)))
        outputs.append(_value("out", dtype, reshape))
    for name, array in (constants or {}).items():
        nodes.append(_node("Identity", [f"{name}_kept"], name))
        kept.append(_tensor(f"{name}_kept", array))
        outputs.append(_value(name, str(array.dtype), array.shape))
    graph = (
        b"".join(field(1, node) for node in nodes)
        + field(2, "made")
        + b"".join(field(5, tensor) for tensor in kept)
        + field(11, _value("picture", dtype, shape))
        + b"".join(field(12, output) for output in outputs)
    )
    properties = (field(14, field(1, key) + field(2, value)) for key, value in (metadata or {}).items())
    return field(1, 8) + field(2, "made") + field(7, graph) + field(8, field(2, 13)) + b"".join(properties)
