"""Noise for the inputs of a model, for runs that show whether and how it runs at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .base import Runtime, Tensor, TensorInfo
from .files import ModelError

_SIDES_PX = (64, 224, 384)  # for an input that accepts pictures of any size, or claims to and accepts one of these


def is_size_unknown(runtime: Runtime) -> bool:
    """Return whether the model may refuse pictures of some sizes, perhaps all that :func:`noise` has."""
    return any(len(info.shape) == 4 and -1 in info.shape[1:] for info in runtime.inputs)


def noise(runtime: Runtime, seed: int = 0) -> Iterator[dict[str, Tensor]]:
    """Yield arrays for all inputs, with one picture; for inputs of any size one size after the other.

    Args:
        runtime: The model.
        seed: Selects one of several noises.

    Raises:
        ModelError: when an input has a type that no picture has.
    """
    for side_px in _SIDES_PX:
        random = np.random.default_rng(seed)
        yield {info.name: _noise(info, side_px, random) for info in runtime.inputs}


def _noise(info: TensorInfo, side_px: int, random: np.random.Generator) -> Tensor:
    shape = [size if size > 0 else 1 for size in info.shape]
    if len(shape) == 4:  # the sides of a picture
        colors_first = info.shape[1] < 0 and info.shape[3] < 0  # neither is fixed, as in exports from PyTorch
        shape = [shape[0], *(size if size > 0 else side_px for size in info.shape[1:])]
        shape[1] = 3 if colors_first else shape[1]
    if info.dtype == np.bool_:  # a switch, as in merged decoders
        return np.zeros(shape, info.dtype)
    if np.issubdtype(info.dtype, np.floating):
        return random.random(shape).astype(info.dtype)
    if info.dtype in (np.int32, np.int64):  # token ids; every vocabulary has a 0
        return np.zeros(shape, info.dtype)
    if np.issubdtype(info.dtype, np.integer):
        return random.integers(0, 100, shape).astype(info.dtype)
    raise ModelError(f"input {info} has a type that no picture has")
