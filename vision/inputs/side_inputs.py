"""Inputs of a model beside the picture, such as the size of the picture, which are filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..runtimes import ModelError, Tensor, TensorInfo
from .tensor_names import aliases_of, declared_names

Size = tuple[int, int]  # width and height

# Each gets what makes the boxes come in pixels of the input.
_FILLED: dict[str, Callable[[Size], Sequence[float]]] = {
    "orig_target_sizes": lambda size: size,  # RT-DETR and D-FINE, tools/deployment/export_onnx.py: width, height
    "orig_size": lambda size: size,
    "target_sizes": lambda size: size,
    "im_shape": lambda size: size[::-1],  # PaddleDetection, deploy/python/preprocess.py: height, width
    "image_shape": lambda size: size[::-1],
    "scale_factor": lambda size: (1.0, 1.0),
}
_MASKS = ("pixel_mask",)  # DETR in transformers: 1 where a pixel belongs to the picture


def picture_and_side_inputs(
    inputs: Sequence[TensorInfo], remap: Mapping[str, str]
) -> tuple[TensorInfo, tuple[TensorInfo, ...]]:
    """Return the picture input of a model, and its other inputs, which can all be filled in.

    Raises:
        ModelError: when the model has no input of a declared name, no picture input, or an input that is neither.
    """
    declared = declared_names(inputs, aliases_of(inputs, ()), remap, "input")
    if len(inputs) == 1:
        return inputs[0], ()
    rest = tuple(info for info in inputs if is_side_input(info) and info.name not in declared)
    pictures = [info for info in inputs if info not in rest]
    if len(pictures) == 1:
        return pictures[0], rest
    listed = "; ".join(map(str, inputs))
    known = ", ".join((*_FILLED, *_MASKS))
    raise ModelError(
        f"the model must have one input, the picture, but has {len(inputs)}: {listed}; further inputs are filled in "
        f"only if they are named {known}"
    )


def is_side_input(info: TensorInfo) -> bool:
    """Return whether an input is known by its name, and has the shape that goes with it."""
    name = info.name.rpartition("/")[2].casefold()
    if name in _MASKS:
        return len(info.shape) == 3
    return name in _FILLED and info.shape[-1:] in ((2,), (-1,)) and len(info.shape) <= 2


def side_tensor(info: TensorInfo, size: Size) -> Tensor:
    """Return the values of a side input.

    Args:
        info: The input.
        size: Width and height of the picture input.
    """
    name = info.name.rpartition("/")[2].casefold()
    if name in _MASKS:
        sides = (own if own > 0 else side for own, side in zip(info.shape[1:], size[::-1], strict=True))
        return np.ones((1, *sides), info.dtype)
    return np.array(_FILLED[name](size), info.dtype).reshape([1] * (len(info.shape) - 1) + [2])
