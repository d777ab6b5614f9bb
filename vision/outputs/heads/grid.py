"""Cells of the grids that YOLO's heads predict in: one grid per stride, its rows from top to bottom."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ...inputs import Preparation
from .head import Array, Shapes, Size

STRIDES = (8, 16, 32)
LARGE_STRIDES = (8, 16, 32, 64)  # of the models for 1280 pixels, whose names end in 6
SMALL_STRIDES = (4, 8, 16, 32)  # of the models for small things, whose names end in p2
GREY = 114  # the bars of all YOLO trainings
_MASK_STRIDE = 4
SIZE = (640, 640)  # that most are trained with, for an input of any size

FRACTIONS = Preparation(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), letterbox=True, bar=GREY, size=SIZE)
"""What Ultralytics' models want: RGB as fractions, the whole picture in its shape between grey bars."""


def cell_count(size: Size, strides: tuple[int, ...] = STRIDES) -> int:
    """Return how many cells the grids of an input have together."""
    width, height = size
    return sum((width // stride) * (height // stride) for stride in strides)


def strides_of(rows: int, size: Size, per_cell: int = 1) -> tuple[int, ...]:
    """Return the strides of the grids that give an input as many rows; empty when none do."""
    several = (STRIDES, LARGE_STRIDES, SMALL_STRIDES)
    return next((strides for strides in several if rows == per_cell * cell_count(size, strides)), ())


def has_cells(rows: int, size: Size, per_cell: int = 1) -> bool:
    """Return whether there are as many rows as an input's cells give."""
    return bool(strides_of(rows, size, per_cell))


def mask_coefficients(shapes: Shapes, size: Size) -> int:
    """Return how many coefficients of masks follow the labels of a box: as many as there are masks to be mixed."""
    sides = (size[1] // _MASK_STRIDE, size[0] // _MASK_STRIDE)
    for shape in shapes.values():
        if len(shape) == 4 and sides in (shape[2:], shape[1:3]):
            return shape[1] if shape[2:] == sides else shape[3]
    return 0


@lru_cache(maxsize=8)
def cells(size: Size, strides: tuple[int, ...] = STRIDES) -> tuple[Array, Array]:
    """Return the upper left corner of each cell, (n, 2) in cells, and its stride, (n, 1)."""
    width, height = size
    places, sizes = [], []
    for stride in strides:
        rows, columns = np.mgrid[: height // stride, : width // stride].astype(np.float32)
        places.append(np.stack([columns, rows], axis=-1).reshape(-1, 2))
        sizes.append(np.full((columns.size, 1), stride, np.float32))
    return np.concatenate(places), np.concatenate(sizes)
