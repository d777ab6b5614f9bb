"""The shapes and colours of the test pattern: exact contours, and their rendered coverage.

A shape fits the unit square around (0, 0), x to the right and y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Canvas = NDArray[np.uint8]

_CORNER_STEPS = np.linspace(0.0, 1.0, 7)[:, None]
_SUPERSAMPLING = 3
_SHIFT = 8  # fractional bits of the fixed-point numbers in fillPoly

# Blue, green, red. Bright and distinct, so that a colour detector can separate them.
COLORS: dict[str, tuple[int, int, int]] = {
    "red": (62, 60, 228),
    "orange": (44, 138, 250),
    "yellow": (66, 206, 252),
    "green": (92, 190, 80),
    "teal": (184, 186, 30),
    "blue": (238, 128, 48),
    "purple": (222, 88, 150),
    "pink": (176, 124, 246),
}


@dataclass(frozen=True, eq=False)
class Shape:
    """A shape as contours that are painted in order.

    Attributes:
        contours: The polygons to fill or to cut out, in painting order.
        cut: Whether each contour is cut out instead of filled.
        outline: The points that determine its bounding box.
        upright: Whether it has a top, and so rotates only slightly.
        hollow: A darker area inside, such as the opening of a mug.
    """

    contours: tuple[Points, ...]
    cut: tuple[bool, ...]
    outline: Points
    upright: bool
    hollow: Points | None = None

    def mask(self, size_px: int, margin: float = 0.0) -> Canvas:
        """Return its coverage from 0 to 255, anti-aliased, centred in a square of ``size_px * (1 + 2 * margin)``."""
        return _filled(self.contours, self.cut, size_px, margin)

    def hollow_mask(self, size_px: int, margin: float = 0.0) -> Canvas:
        """Return the coverage of its hollow, as ``mask`` does for the shape; all 0 for a shape without one."""
        contours = () if self.hollow is None else (self.hollow,)
        return _filled(contours, (False,) * len(contours), size_px, margin)


def _filled(contours: tuple[Points, ...], cut: tuple[bool, ...], size_px: int, margin: float) -> Canvas:
    side_px = round(size_px * (1 + 2 * margin))
    large = np.zeros((side_px * _SUPERSAMPLING, side_px * _SUPERSAMPLING), np.uint8)
    for points, away in zip(contours, cut, strict=True):
        pixels = points * size_px * _SUPERSAMPLING + large.shape[0] / 2 - 0.5
        cv2.fillPoly(large, [(pixels * (1 << _SHIFT)).round().astype(np.int32)], 0 if away else 255, shift=_SHIFT)
    return np.asarray(cv2.resize(large, (side_px, side_px), interpolation=cv2.INTER_AREA), np.uint8)


def _shape(
    *contours: Points,
    cut: tuple[bool, ...] = (),
    upright: bool = False,
    hollow: Points | None = None,
    size: float = 1.0,
) -> Shape:
    cut = cut or (False,) * len(contours)
    outline = np.concatenate([points for points, away in zip(contours, cut, strict=True) if not away])
    low, high = outline.min(axis=0), outline.max(axis=0)
    middle, side = (low + high) / 2, (high - low).max() / size
    return Shape(
        contours=tuple((points - middle) / side for points in contours),
        cut=cut,
        outline=(outline - middle) / side,
        upright=upright,
        hollow=None if hollow is None else (hollow - middle) / side,
    )


def _rounded(corners: Points, radius: float) -> Points:
    """Return a polygon with each corner replaced by a curve that begins ``radius`` before it."""
    curves = []
    for before, corner, after in zip(np.roll(corners, 1, axis=0), corners, np.roll(corners, -1, axis=0), strict=True):
        start = corner + (before - corner) * min(0.5, radius / np.linalg.norm(before - corner))
        end = corner + (after - corner) * min(0.5, radius / np.linalg.norm(after - corner))
        t = _CORNER_STEPS
        curves.append((1 - t) ** 2 * start + 2 * t * (1 - t) * corner + t**2 * end)
    return np.concatenate(curves)


def _arc(
    from_degs: float, to_degs: float, center: tuple[float, float] = (0.0, 0.0), radii: tuple[float, float] = (1.0, 1.0)
) -> Points:
    angles = np.radians(np.linspace(from_degs, to_degs, max(2, int(abs(to_degs - from_degs) / 4) + 1)))
    return np.stack([center[0] + radii[0] * np.cos(angles), center[1] + radii[1] * np.sin(angles)], axis=1)


def _star() -> Points:
    angles = np.radians(-90 + 36 * np.arange(10))
    radii = np.where(np.arange(10) % 2 == 0, 1.0, 0.47)
    return _rounded(np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1), 0.11)


def _cross() -> Points:
    a, b = 1.0, 0.36
    corners = [
        (-b, -a),
        (b, -a),
        (b, -b),
        (a, -b),
        (a, b),
        (b, b),
        (b, a),
        (-b, a),
        (-b, b),
        (-a, b),
        (-a, -b),
        (-b, -b),
    ]
    return _rounded(np.array(corners), 0.13)


def _heart() -> Points:
    t = np.radians(np.arange(0, 360, 4))
    return np.stack(
        [16 * np.sin(t) ** 3, -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))], axis=1
    )


def _moon() -> Points:
    """Return a crescent: a circle minus a smaller circle beside it."""
    center, radius = 0.52, 0.80
    x = (1 - radius**2 + center**2) / (2 * center)
    outer = np.degrees(np.arctan2(np.sqrt(1 - x**2), x))
    inner = np.degrees(np.arctan2(np.sqrt(1 - x**2), x - center))
    return np.concatenate([_arc(outer, 360 - outer), _arc(360 - inner, inner, (center, 0.0), (radius, radius))])


def _mug() -> tuple[Points, ...]:
    body = np.concatenate(
        [
            _arc(180, 360, (0.0, -0.8), (0.74, 0.2)),
            _rounded(np.array([(0.74, 0.0), (0.66, 1.0), (-0.66, 1.0), (-0.74, 0.0)]), 0.3)[7:-7],
        ]
    )
    return _arc(0, 356, (0.72, 0.06), (0.52, 0.56)), _arc(0, 356, (0.70, 0.06), (0.28, 0.32)), body


SHAPES: dict[str, Shape] = {
    "star": _shape(_star()),
    "circle": _shape(_arc(0, 356)),
    "square": _shape(_rounded(np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]), 0.22), size=0.87),
    "triangle": _shape(_rounded(_arc(-90, 150)[::30][:3], 0.3)),
    "mug": _shape(*_mug(), cut=(False, True, False), upright=True, hollow=_arc(0, 356, (0.0, -0.8), (0.65, 0.15))),
    "heart": _shape(_heart(), upright=True),
    "cross": _shape(_cross()),
    "moon": _shape(_moon(), upright=True),
}
