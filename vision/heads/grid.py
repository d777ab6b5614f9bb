"""Cells of the grids that YOLO's heads predict in: one grid per stride, its rows from top to bottom."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..tensors import Preparation
from .head import Array, Size

STRIDES = (8, 16, 32)
LARGE_STRIDES = (8, 16, 32, 64)  # of the models for 1280 pixels, whose names end in 6
GREY = 114  # the bars of all YOLO trainings
SIZE = (640, 640)  # that most are trained with, for an input of any size

FRACTIONS = Preparation(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), letterbox=True, bar=GREY, size=SIZE)
"""What Ultralytics' models want: RGB as fractions, the whole picture in its shape between grey bars."""


def cell_count(size: Size, strides: tuple[int, ...] = STRIDES) -> int:
    """Return how many cells the grids of an input have together."""
    width, height = size
    return sum((width // stride) * (height // stride) for stride in strides)


def has_cells(rows: int, size: Size, per_cell: int = 1) -> bool:
    """Return whether there are as many rows as an input's cells give."""
    return rows in (per_cell * cell_count(size, strides) for strides in (STRIDES, LARGE_STRIDES))


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
