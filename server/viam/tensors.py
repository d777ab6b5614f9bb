"""Convert between arrays and the tensors of Viam's messages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vision import Tensor, TensorInfo

from ..core import InvalidRequest
from .messages import mlmodel_pb2

# Field, its message, and the type of its numbers on the wire, which has no 16-bit numbers.
_KINDS = {
    "int8": ("int8_tensor", mlmodel_pb2.FlatTensorDataInt8, "int8"),
    "uint8": ("uint8_tensor", mlmodel_pb2.FlatTensorDataUInt8, "uint8"),
    "int16": ("int16_tensor", mlmodel_pb2.FlatTensorDataInt16, "uint32"),
    "uint16": ("uint16_tensor", mlmodel_pb2.FlatTensorDataUInt16, "uint32"),
    "int32": ("int32_tensor", mlmodel_pb2.FlatTensorDataInt32, "int32"),
    "uint32": ("uint32_tensor", mlmodel_pb2.FlatTensorDataUInt32, "uint32"),
    "int64": ("int64_tensor", mlmodel_pb2.FlatTensorDataInt64, "int64"),
    "uint64": ("uint64_tensor", mlmodel_pb2.FlatTensorDataUInt64, "uint64"),
    "float32": ("float_tensor", mlmodel_pb2.FlatTensorDataFloat, "float32"),
    "float64": ("double_tensor", mlmodel_pb2.FlatTensorDataDouble, "float64"),
}
_TYPES = {field: (name, wire) for name, (field, _, wire) in _KINDS.items()}


def arrays(tensors: Mapping[str, mlmodel_pb2.FlatTensor], inputs: Sequence[TensorInfo]) -> dict[str, Tensor]:
    """Return a client's tensors as the inputs of a model.

    Raises:
        InvalidRequest: The tensors do not fit the inputs.
    """
    if set(tensors) != {info.name for info in inputs}:
        got = ", ".join(sorted(tensors)) or "nothing"
        raise InvalidRequest(f"the model takes {'; '.join(map(str, inputs))}; got {got[:200]}")
    return {info.name: _array(tensors[info.name], info) for info in inputs}


def _array(sent: mlmodel_pb2.FlatTensor, info: TensorInfo) -> Tensor:
    field = sent.WhichOneof("tensor")
    name, wire = _TYPES[field] if field else ("nothing", "uint8")
    shape = tuple(sent.shape)
    fits = len(shape) == len(info.shape) and all(
        wanted in (-1, size) for wanted, size in zip(info.shape, shape, strict=True)
    )
    if name != info.dtype.name or not fits:
        raise InvalidRequest(f"the model takes {info}; got {list(shape)} {name}")
    data = getattr(sent, field).data if field else b""
    flat = np.frombuffer(data, wire) if isinstance(data, bytes) else np.array(data, wire)
    if flat.size != math.prod(shape):
        wanted = math.prod(shape)
        raise InvalidRequest(f"tensor {info.name} has {flat.size} numbers; its shape {list(shape)} has {wanted}")
    return flat.astype(info.dtype).reshape(shape)


def flat(array: Tensor) -> mlmodel_pb2.FlatTensor:
    """Return an array as a message."""
    array = array.astype(np.uint8) if array.dtype.name not in _KINDS else array
    field, message, wire = _KINDS[array.dtype.name]
    data: Any = array.tobytes() if array.dtype.itemsize == 1 else array.astype(wire).ravel().tolist()
    tensor = mlmodel_pb2.FlatTensor(shape=array.shape)
    getattr(tensor, field).CopyFrom(message(data=data))
    return tensor
