"""Anchors on the levels of a feature pyramid: nine per cell, of three scales and three aspect ratios."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ...runtimes import Anchors
from ..scores import NO_ACTIVATION, SIGMOID, SOFTMAX
from .evidence import Array, Evidence, Size
from .head import corners

_LOWEST = 3
_SCALES = 3
_PER_CELL = 9
_MAX_LOG = 20.0
_BOX_WORDS = ("box", "reg", "loc")


class AnchorOutputs(NamedTuple):
    """The outputs of a model with a box and scores for each anchor.

    Attributes:
        boxes: The outputs with boxes: one, or one for each level.
        scores: The outputs with scores, likewise.
        columns: Number of scores of an anchor.
    """

    boxes: tuple[str, ...]
    scores: tuple[str, ...]
    columns: int

    @property
    def all(self) -> tuple[str, ...]:
        """The outputs, boxes first."""
        return (*self.boxes, *self.scores)


def anchor_outputs(model: Evidence, count: int) -> AnchorOutputs | None:
    """Return the outputs [1, anchors, 4] and [1, anchors, scores].

    Args:
        model: What is known of the model.
        count: The number of anchors.
    """
    for boxes, shape in model.full.items():
        if shape == (1, count, 4):
            for scores, other in model.full.items():
                if scores != boxes and len(other) == 3 and other[:2] == shape[:2]:
                    return AnchorOutputs((boxes,), (scores,), other[2])
    return None


def level_outputs(model: Evidence, highest: int) -> AnchorOutputs | None:
    """Return a pair of maps for each level: boxes [1, rows, columns, 36] and scores, or the same with planes first."""
    boxes, scores, columns = [], [], set()
    for cells in _grids(model.size, highest):
        maps = {name: planes for name, shape in model.full.items() if (planes := _planes(shape, cells))}
        if len(maps) != 2:
            return None
        found = [name for name, planes in maps.items() if planes == _PER_CELL * 4]
        if len(found) == 2:  # four labels
            found = [name for name in found if any(word in name.casefold() for word in _BOX_WORDS)]
        if len(found) != 1:
            return None
        [other] = [name for name in maps if name != found[0]]
        boxes.append(found[0])
        scores.append(other)
        columns.add(maps[other] / _PER_CELL)
    width = columns.pop()
    return None if columns or width % 1 else AnchorOutputs(tuple(boxes), tuple(scores), int(width))


def _planes(shape: Sequence[int], cells: Size) -> int:
    """Return the number of planes of a map with so many columns and rows; 0 if it is none."""
    columns, rows = cells
    if len(shape) != 4:
        return 0
    return shape[3] if tuple(shape[1:3]) == (rows, columns) else shape[1] if tuple(shape[2:]) == (rows, columns) else 0


def joined(outputs: Sequence[Array], size: Size, highest: int, columns: int) -> tuple[Array, Array]:
    """Return boxes, (n, 4), and scores, (n, columns), of outputs with boxes first, each as a whole or by level."""
    half = len(outputs) // 2
    if half == 1:
        return outputs[0].reshape(-1, 4), outputs[1].reshape(-1, columns)
    grids = _grids(size, highest)
    return (
        np.concatenate([_rows(each, cells, 4) for each, cells in zip(outputs[:half], grids, strict=True)]),
        np.concatenate([_rows(each, cells, columns) for each, cells in zip(outputs[half:], grids, strict=True)]),
    )


def _rows(planes: Array, cells: Size, columns: int) -> Array:
    across, down = cells
    # Axes of size 1 are missing.
    is_last = planes.shape[-1] == _PER_CELL * columns and planes.shape[:-1] == tuple(n for n in (down, across) if n > 1)
    if not is_last:
        planes = np.moveaxis(planes.reshape(-1, down, across), 0, -1)
    return np.ascontiguousarray(planes).reshape(-1, columns)


def scores_activation(model: Evidence, found: AnchorOutputs) -> str | None:
    """Return what turns the scores into probabilities, ``None`` if they are no scores."""
    if model.activation == SOFTMAX:
        return SOFTMAX
    needed = {model.activation_of(name, 0, model.full[name][-1], -1) for name in found.scores}
    return None if None in needed else SIGMOID if SIGMOID in needed else NO_ACTIVATION


def anchor_count(size: Size, highest: int) -> int:
    """Return the number of anchors of an input."""
    return sum(across * down for across, down in _grids(size, highest)) * _PER_CELL


def _grids(size: Size, highest: int) -> list[Size]:
    """Return the number of columns and rows of each level, which cover the input also if it is no multiple of them."""
    steps = [int(2**level) for level in range(_LOWEST, highest + 1)]
    return [(-(-size[0] // step), -(-size[1] // step)) for step in steps]


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
    for columns, rows in _grids(size, highest):
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


def decode_described(values: Array, made: Array, described: Anchors) -> Array:
    """Return the corners of boxes given as y, x, height and width, with the scales in the model file.

    Source: google-ai-edge/mediapipe, ``calculators/tensor/tensors_to_detections_calculator.cc`` (``DecodeBoxes``).

    Args:
        values: (n, 4).
        made: The anchors in the model file, (n, 4) centre and size in fractions.
        described: What the model file says.
    """
    x, y, width, height = described.scales
    offsets = np.asarray(values[:, [1, 0, 3, 2]] / np.array([x, y, width, height]), np.float32)
    sizes = np.exp(offsets[:, 2:].clip(-_MAX_LOG, _MAX_LOG)) if described.exponential else offsets[:, 2:]
    return corners(made[:, :2] + offsets[:, :2] * made[:, 2:], sizes * made[:, 2:])
