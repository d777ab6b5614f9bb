"""Anchors on the levels of a feature pyramid: nine per cell, of three scales and three aspect ratios."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .evidence import Array, Evidence, Size
from .head import corners

_LOWEST = 3
_SCALES = 3
_MAX_LOG = 20.0


def anchor_outputs(model: Evidence, highest: int) -> tuple[str, str, int] | None:
    """Return the outputs with boxes and scores of a model with as many rows as anchors, and the scores' columns.

    Args:
        model: What is known of the model.
        highest: The highest level of the pyramid.
    """
    count = anchor_count(model.size, highest)
    for boxes, shape in model.full.items():
        if shape == (1, count, 4):
            for scores, other in model.full.items():
                if scores != boxes and len(other) == 3 and other[:2] == shape[:2]:
                    return boxes, scores, other[2]
    return None


def anchor_count(size: Size, highest: int) -> int:
    """Return the number of anchors of an input."""
    steps = [int(2**level) for level in range(_LOWEST, highest + 1)]
    return sum(-(-size[0] // step) * -(-size[1] // step) for step in steps) * _SCALES * 3


@lru_cache(maxsize=8)
def pyramid_anchors(size: Size, highest: int, ratios: tuple[float, ...], width: float) -> Array:
    """Return the anchors of an input, (n, 4) centre and size in fractions.

    Args:
        size: Width and height of the input.
        highest: The highest level of the pyramid.
        ratios: Width by height of the anchors of one scale, in their order.
        width: Of the smallest square anchor, in strides.
    """
    sides = np.array(size, np.float64)
    shapes = np.array(
        [
            (2 ** (scale / _SCALES) * width * ratio**0.5, 2 ** (scale / _SCALES) * width * ratio**-0.5)
            for scale in range(_SCALES)
            for ratio in ratios
        ]
    )
    made = []
    for level in range(_LOWEST, highest + 1):
        # The cells of a level cover the input exactly, also where its size is no multiple of the stride.
        columns, rows = (-(-side // 2**level) for side in size)
        steps = sides / (columns, rows)
        down, across = np.mgrid[:rows, :columns]
        centres = (np.stack([across, down], axis=-1).reshape(-1, 2) + 0.5) * steps / sides
        made.append(
            np.hstack([np.repeat(centres, len(shapes), axis=0), np.tile(shapes * steps / sides, (len(centres), 1))])
        )
    return np.concatenate(made).astype(np.float32)


def decode_offsets(values: Array, made: Array) -> Array:
    """Return the corners of boxes given as y, x, height and width relative to anchors, without further scales."""
    centres = made[:, :2] + values[:, [1, 0]] * made[:, 2:]
    sizes = made[:, 2:] * np.exp(values[:, [3, 2]].clip(-_MAX_LOG, _MAX_LOG))
    return corners(centres, sizes)
