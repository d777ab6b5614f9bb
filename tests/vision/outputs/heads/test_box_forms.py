from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.outputs.heads.box_forms import (
    X_FIRST,
    Y_FIRST,
    are_centres,
    are_corners,
    filled,
    have_sizes,
    order_in_pixels,
    x_first_reason,
)

from .given import ran


def boxes(largest: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the top left corners and the sizes of boxes in the picture, in fractions."""
    random = np.random.default_rng(0)
    sizes = random.uniform(0.05, largest, (200, 2)).astype(np.float32)
    return random.random((200, 2), np.float32) * (1 - sizes), sizes


@pytest.mark.parametrize("largest", [0.3, 0.9])
def test_the_form_shows_in_what_would_leave_the_picture(largest: float) -> None:
    corners, sizes = boxes(largest)
    forms = {"corners": corners + sizes, "centres": sizes, "top left": sizes}
    found = {
        name: np.hstack([corners + sizes / 2 if name == "centres" else corners, second])
        for name, second in forms.items()
    }
    assert {name for name, rows in found.items() if are_corners(rows)} == {"corners"}
    assert {name for name, rows in found.items() if have_sizes(rows)} == {"centres", "top left"}
    assert {name for name, rows in found.items() if are_centres(rows)} == {"centres"}


def test_rows_without_a_box_show_nothing() -> None:
    rows = np.array([[0, 0, 0, 0], [0.2, 0.2, 0.2, 0.2], [np.nan, 0, 1, 1]], np.float32)
    assert len(filled(rows)) == 0
    assert not are_corners(rows)
    assert order_in_pixels(rows, (64, 32)) is None
    assert x_first_reason(ran({"out": (1, 30, 6)}), "out", rows) == ""


def test_the_longer_side_shows_the_order_of_corners() -> None:
    rows = np.array([[4, 4, 60, 30], [1, 2, 9, 8]], np.float32)
    assert order_in_pixels(rows, (64, 32)) == X_FIRST
    assert order_in_pixels(rows, (32, 64)) == Y_FIRST
    assert order_in_pixels(rows, (64, 64)) is None
