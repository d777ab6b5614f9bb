"""Masks under geometric transforms."""

import numpy as np
import pytest

from cameras import Affine, Mask, as_mask, warped

CORNER = as_mask(np.arange(24).reshape(4, 6) == 7)
"""One pixel, in the second row and column of a mask of 6 x 4."""


def scaled(left: float, top: float, width: float, height: float) -> Affine:
    """Return the map from a window (in fractions) back to the frame that it was cut from."""
    return np.array([[width, 0, left], [0, height, top]])


def where(mask: Mask) -> list[tuple[int, int]]:
    """Return rows and columns of the pixels inside."""
    return [(int(row), int(column)) for row, column in np.argwhere(mask)]


def test_a_mask_is_0_or_255_and_read_only() -> None:
    assert sorted(np.unique(CORNER).tolist()) == [0, 255]
    with pytest.raises(ValueError, match="read-only"):
        CORNER[0, 0] = 1


def test_a_window_of_whole_pixels_is_exact() -> None:
    assert where(warped(CORNER, scaled(1 / 6, 1 / 4, 0.5, 0.5), 3, 2)) == [(0, 0)]


def test_pixels_from_outside_are_empty() -> None:
    full = as_mask(np.ones((4, 6), np.bool_))
    assert where(warped(full, scaled(-1, 0, 2, 1), 12, 4)) == [
        (row, column) for row in range(4) for column in range(6, 12)
    ]


def test_a_mask_of_another_resolution_covers_the_same_frame() -> None:
    doubled = warped(CORNER, scaled(0, 0, 1, 1), 12, 8)
    assert where(doubled) == [(2, 2), (2, 3), (3, 2), (3, 3)]


def test_a_quarter_turn_equals_that_of_numpy() -> None:
    # Clockwise: the left side becomes the top.
    turned = warped(CORNER, np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 1.0]]), 4, 6)
    assert where(turned) == where(np.rot90(CORNER, -1))
