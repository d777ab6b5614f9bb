"""A model in ONNX that takes any number of pictures at once; a benchmark needs its work, not its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIDE_PX = 224
LABELS = 10
_CHANNELS = (3, 32, 64, 128, 256)
_FLOAT, _INTS = 1, 7  # the types of tensors and of attributes
_NONE: Mapping[str, Sequence[int]] = {}
_FORM, _OPERATORS = 8, 13  # versions of files and operators that every runtime since 2021 reads


def write_classifier(path: Path) -> None:
    """Write a classifier with random weights: four convolutions, each of half the size, and the mean of each channel.

    Args:
        path: The file. Its input is ``picture`` (N, 3, SIDE_PX, SIDE_PX), its output ``scores`` (N, LABELS), both
            float32.
    """
    random = np.random.default_rng(1)
    nodes, weights, newest = [], [], "picture"
    for number, (given, made) in enumerate(zip(_CHANNELS, _CHANNELS[1:], strict=False)):
        kernel = random.normal(0, (2 / (9 * given)) ** 0.5, (made, given, 3, 3))
        weights.append(_tensor(f"kernel{number}", kernel))
        nodes.append(
            _node("Conv", [newest, f"kernel{number}"], f"sum{number}", {"strides": [2, 2], "pads": [1, 1, 1, 1]})
        )
        nodes.append(_node("Relu", [f"sum{number}"], newest := f"map{number}"))
    weights.append(_tensor("matrix", random.normal(0, 0.1, (_CHANNELS[-1], LABELS))))
    nodes += [
        _node("GlobalAveragePool", [newest], "means"),
        _node("Flatten", ["means"], "row"),
        _node("MatMul", ["row", "matrix"], "sums"),
        _node("Softmax", ["sums"], "scores"),
    ]
    graph = b"".join(
        [
            *(_field(1, node) for node in nodes),
            _field(2, "work"),
            *(_field(5, weight) for weight in weights),
            _field(11, _value("picture", (3, SIDE_PX, SIDE_PX))),
            _field(12, _value("scores", (LABELS,))),
        ]
    )
    path.write_bytes(_field(1, _FORM) + _field(7, graph) + _field(8, _field(2, _OPERATORS)))


def _varint(value: int) -> bytes:
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def _field(number: int, value: int | str | bytes) -> bytes:
    """Return one field of a protocol buffer."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _value(name: str, shape: Sequence[int]) -> bytes:
    """Return the description of an input or output, whose first size is free."""
    sizes = _field(1, _field(2, "N")) + b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, _FLOAT) + _field(2, sizes)))


def _tensor(name: str, array: NDArray[np.float64]) -> bytes:
    sizes = b"".join(_field(1, size) for size in array.shape)
    return sizes + _field(2, _FLOAT) + _field(8, name) + _field(9, array.astype("<f4").tobytes())


def _node(operator: str, given: Sequence[str], made: str, attributes: Mapping[str, Sequence[int]] = _NONE) -> bytes:
    settings = (
        _field(1, name) + b"".join(_field(8, value) for value in values) + _field(20, _INTS)
        for name, values in attributes.items()
    )
    names = b"".join(_field(1, name) for name in given) + _field(2, made) + _field(4, operator)
    return names + b"".join(_field(5, setting) for setting in settings)
