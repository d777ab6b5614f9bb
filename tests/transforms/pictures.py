"""Small frames whose pixel values encode their positions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from cameras import Annotation, Classification, Detection, Frame, Intrinsics, Matrix, Pixels, Yuv
from cameras import BoundingBox as Box

DOG = Classification("dog", 0.9, transform="classifications", service="names")


def detection(x_min: float, y_min: float, x_max: float, y_max: float, label: str = "ball") -> Detection:
    """Return a detection with a box."""
    return Detection(label, 0.75, box=Box(x_min, y_min, x_max, y_max))


def bgr(width: int, height: int, *annotations: Annotation, **more: Any) -> Frame:
    """Return a BGR frame: blue is the column, green the row, red 200."""
    rows, columns = np.mgrid[0:height, 0:width]
    image = np.dstack([columns, rows, np.full_like(rows, 200)]).astype(np.uint8)
    return _frame(Pixels.from_bgr(image), annotations, more)


def yuv(width: int, height: int, *annotations: Annotation, matrix: Matrix = Matrix.BT709, **more: Any) -> Frame:
    """Return a YUV frame: y is 16 + column + row, u the column and v the row of the half-size planes."""
    rows, columns = np.mgrid[0:height, 0:width]
    y, u, v = 16 + rows + columns, columns[: height // 2, : width // 2], rows[: height // 2, : width // 2]
    planes = Yuv(*(np.ascontiguousarray(plane).astype(np.uint8) for plane in (y, u, v)))
    return _frame(Pixels.from_yuv(*planes, matrix=matrix), annotations, more)


def with_depth(frame: Frame) -> Frame:
    """Return the frame with a depth plane, 1000 * row + column, and with intrinsics and distortion."""
    rows, columns = np.mgrid[0 : frame.height, 0 : frame.width]
    depth = (1000 * rows + columns).astype(np.uint16)
    depth.flags.writeable = False
    return Frame(
        **{
            **vars(frame),
            "depth": depth,
            "intrinsics": Intrinsics(frame.width, frame.height, 60.0, 40.0, 3.0, 1.0),
            "distortion": (0.1, 0.2, 0.3, 0.01, 0.02),
        }
    )


def _frame(pixels: Pixels, annotations: tuple[Annotation, ...], more: dict[str, Any]) -> Frame:
    return Frame(pixels, 3000, Fraction(1, 90_000), 1_700_000_000.25, 7, annotations, **more)
