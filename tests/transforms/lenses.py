"""A reference model of a lens, to compare the transforms with."""

from __future__ import annotations

from cameras import Intrinsics


def projected(lens: Intrinsics, distortion: tuple[float, ...], x: float, y: float) -> tuple[float, float]:
    """Return the pixel position of the point (x, y, 1) in the picture of a lens, from the left and upper edge."""
    rk1, rk2, rk3, tp1, tp2 = distortion
    square = x * x + y * y
    radial = 1 + rk1 * square + rk2 * square**2 + rk3 * square**3
    across = x * radial + 2 * tp1 * x * y + tp2 * (square + 2 * x * x)
    down = y * radial + 2 * tp2 * x * y + tp1 * (square + 2 * y * y)
    return lens.fx * across + lens.ppx, lens.fy * down + lens.ppy
