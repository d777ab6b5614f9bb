"""The frame number encoded in the pixels: a thin ribbon of dark and light cells along the bottom edge.

From left to right: one light cell, 24 cells of the number in Gray code (one cell changes per frame), 6 cells of CRC,
one dark cell. Its size is relative to the picture, so that it can still be read after a resize.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .shapes import Canvas

NUMBERS = 1 << 24  # the count wraps after six days at 30 frames per second

_NUMBER_BITS = 24
_CHECK_BITS = 6
_CHECK_POLYNOMIAL = 0b1000011
_CELLS = 1 + _NUMBER_BITS + _CHECK_BITS + 1
_COLORS = np.array(((38, 28, 24), (222, 228, 230)), np.uint8)  # of a dark and of a light cell
_LEAST_CONTRAST = 70.0  # smallest difference in levels between light and dark cells


def ribbon_height_px(height_px: int) -> int:
    """Return the height of the ribbon in rows: a ninetieth of the picture, at least four."""
    return max(4, round(height_px / 90))


def draw_frame_number(image: Canvas, number: int) -> None:
    """Draw a number, modulo 2 ** 24, along the bottom edge of a BGR picture."""
    height_px, width_px = image.shape[:2]
    rows = image[height_px - ribbon_height_px(height_px) :]
    rows[:] = _COLORS[_cells(number)[_cell_of_column(width_px)]]


def read_frame_number(image: Canvas) -> int | None:
    """Decode the number from a BGR picture, even after encoding and resizing; ``None`` if there is none."""
    height_px, width_px = image.shape[:2]
    if width_px < _CELLS or height_px < 8:
        return None
    first = min(height_px - 2, round(height_px * (1 - 1 / 120)))
    levels = image[first:height_px].mean(axis=(0, 2), dtype=np.float64)
    edges = np.arange(_CELLS + 1) * (width_px / _CELLS)
    inset = width_px / _CELLS * 0.25
    values = np.array([_mean(levels, low + inset, high - inset) for low, high in zip(edges, edges[1:], strict=False)])
    light, dark = values[0], values[-1]
    if light - dark < _LEAST_CONTRAST or np.ptp(values) > 1.6 * (light - dark):
        return None
    cells = values > (light + dark) / 2
    number = _from_gray(_to_number(cells[1 : 1 + _NUMBER_BITS]))
    return number if np.array_equal(_cells(number), cells) else None


def _mean(levels: NDArray[np.float64], low: float, high: float) -> float:
    first = round(low)
    return float(levels[first : max(first + 1, round(high))].mean())


@lru_cache(maxsize=16)
def _cell_of_column(width_px: int) -> NDArray[np.int64]:
    return (np.arange(width_px) * _CELLS) // width_px


def _cells(number: int) -> NDArray[np.intp]:
    gray = (number % NUMBERS) ^ (number % NUMBERS) >> 1
    rest = gray << _CHECK_BITS
    for bit in range(_NUMBER_BITS - 1, -1, -1):
        if rest >> (bit + _CHECK_BITS) & 1:
            rest ^= _CHECK_POLYNOMIAL << bit
    # Inverted, so that the all-dark ribbon of number 0 has a check that is not all dark.
    word = gray << _CHECK_BITS | (~rest & (1 << _CHECK_BITS) - 1)
    bits = [word >> bit & 1 for bit in range(_NUMBER_BITS + _CHECK_BITS - 1, -1, -1)]
    return np.array([1, *bits, 0], np.intp)


def _to_number(bits: NDArray[np.bool_]) -> int:
    return int("".join("1" if bit else "0" for bit in bits), 2)


def _from_gray(gray: int) -> int:
    number = gray
    while gray := gray >> 1:
        number ^= gray
    return number
