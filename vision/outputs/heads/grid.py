"""Grid cells of YOLO's heads: one grid per stride, in row-major order."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ...inputs import Preparation
from .evidence import Array, Shapes, Size

STRIDES = (8, 16, 32)
LARGE_STRIDES = (8, 16, 32, 64)  # models for 1280 pixels, with names ending in 6
SMALL_STRIDES = (4, 8, 16, 32)  # models for small objects, with names ending in p2
GREY = 114  # letterbox colour of all YOLO trainings
_MASK_STRIDE = 4
SIZE = (640, 640)  # usual training size, for an input of any size

FRACTIONS = Preparation(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), letterbox=True, bar=GREY, size=SIZE)
"""Input of Ultralytics' models: RGB as fractions, letterboxed with grey bars."""


def cell_count(size: Size, strides: tuple[int, ...] = STRIDES) -> int:
    """Return the total number of cells of all grids."""
    width, height = size
    return sum((width // stride) * (height // stride) for stride in strides)


def strides_of(rows: int, size: Size, per_cell: int = 1) -> tuple[int, ...]:
    """Return the strides whose grids have that many rows; empty if no known set has."""
    known = (STRIDES, LARGE_STRIDES, SMALL_STRIDES)
    return next((strides for strides in known if rows == per_cell * cell_count(size, strides)), ())


def has_cells(rows: int, size: Size, per_cell: int = 1) -> bool:
    """Return whether the number of rows matches a known set of strides."""
    return bool(strides_of(rows, size, per_cell))


def mask_coefficients(shapes: Shapes, size: Size) -> int:
    """Return the number of mask coefficients after the scores of a box: that of the prototype masks."""
    return prototypes(shapes, size)[1]


def prototypes(shapes: Shapes, size: Size) -> tuple[str, int]:
    """Return the output with prototypes of masks, and their number; empty and 0 if there is none."""
    sides = (size[1] // _MASK_STRIDE, size[0] // _MASK_STRIDE)
    for name, shape in shapes.items():
        if len(shape) == 4 and sides in (shape[2:], shape[1:3]):
            return name, shape[1] if shape[2:] == sides else shape[3]
    return "", 0


@lru_cache(maxsize=8)
def cells(size: Size, strides: tuple[int, ...] = STRIDES) -> tuple[Array, Array]:
    """Return the top left corner of each cell, (n, 2) in cells, and its stride, (n, 1) in pixels."""
    width, height = size
    places, sizes = [], []
    for stride in strides:
        rows, columns = np.mgrid[: height // stride, : width // stride].astype(np.float32)
        places.append(np.stack([columns, rows], axis=-1).reshape(-1, 2))
        sizes.append(np.full((columns.size, 1), stride, np.float32))
    return np.concatenate(places), np.concatenate(sizes)
