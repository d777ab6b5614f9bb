"""The form of the numbers of a box, by the boxes of a trial run: they lie in the picture, minimum before maximum."""

from __future__ import annotations

import numpy as np

from .evidence import Array, Evidence, Size

_MOST = 0.9  # of the rows, as evidence
_NEARLY_ALL = 0.95
_BEYOND = 0.05  # of a side of the picture: boxes reach a little beyond it
_BEYOND_SIDE = 1.1  # the same of boxes in pixels
_NEAR = 0.01
_ULTRALYTICS_OUTPUT, _ULTRALYTICS_LABELS = "output0", "names"  # of an output and a property of the file

X_FIRST, Y_FIRST = (0, 1, 2, 3), (1, 0, 3, 2)
"""The side at each position of corners: 0 x_min, 1 y_min, 2 x_max, 3 y_max."""

TOP_LEFT_DOUBT = (
    "the boxes of the trial run could be centers and sizes, or top left corners and sizes, which camweave does not take"
)

CORNERS_DOUBT = (
    "but its boxes are corners, not centers and sizes, so that it is none of the known families; export it with its "
    "suppression, so that the output is a list of boxes"
)


def are_corners(rows: Array) -> bool:
    """Return whether nearly all rows that are not empty have their corners in order, x or y first."""
    rows = filled(rows)
    return len(rows) > 0 and bool(np.mean((rows[:, :2] < rows[:, 2:]).all(axis=1)) >= _MOST)


def have_sizes(rows: Array) -> bool:
    """Return whether rows are a place and a size, in fractions of the input, and so clearly no corners."""
    rows = rows[np.isfinite(rows).all(axis=1) & (rows != 0).any(axis=1)]
    is_inside = len(rows) > 0 and bool(rows.min() >= -_NEAR and rows.max() <= 1 + _NEAR)
    return is_inside and not are_corners(rows)


def are_centres(rows: Array) -> bool:
    """Return whether rows are centres and sizes in fractions: as top left corners, some would leave the picture."""
    return have_sizes(rows) and not _may_be_top_left(rows)


def _may_be_top_left(rows: Array) -> bool:
    rows = rows[np.isfinite(rows).all(axis=1) & (rows != 0).any(axis=1)]
    return bool(np.mean((rows[:, :2] + rows[:, 2:] <= 1 + _BEYOND).all(axis=1)) >= _NEARLY_ALL)


def order_in_pixels(rows: Array, size: Size) -> tuple[int, ...] | None:
    """Return the order of the sides that keeps corners in pixels inside an input that is not square.

    Args:
        rows: (n, 4) boxes.
        size: Width and height of the input.

    Returns:
        ``X_FIRST`` or ``Y_FIRST``; ``None`` if the rows do not show it.
    """
    rows = filled(rows)
    first, second = (float(np.abs(rows[:, [side, side + 2]]).max(initial=0.0)) for side in (0, 1))
    shorter = min(size) * _BEYOND_SIDE
    if max(size) <= shorter or (first > shorter) == (second > shorter):
        return None
    return X_FIRST if (first > shorter) == (size[0] > size[1]) else Y_FIRST


def x_first_reason(model: Evidence, name: str, rows: Array) -> str:
    """Return why corners, a score and a class in one row have x first; empty if nothing shows it.

    Args:
        model: What is known of the model.
        name: The output.
        rows: (n, 4) its boxes.
    """
    seen = order_in_pixels(rows, model.size)
    if seen is not None:
        return "with y first, boxes of the trial run would reach far beyond the input" if seen == X_FIRST else ""
    if name == _ULTRALYTICS_OUTPUT or _ULTRALYTICS_LABELS in model.metadata.properties:
        return "named, or with labels in the file, as in the exports of Ultralytics, which give x first"
    return "the channels of the input come first, as in PyTorch, whose detectors give x first" * model.channels_first


def filled(rows: Array) -> Array:
    """Return the rows that are finite, and neither empty nor padding."""
    kept: Array = rows[np.isfinite(rows).all(axis=1) & (rows != rows[:, :1]).any(axis=1)]
    return kept
