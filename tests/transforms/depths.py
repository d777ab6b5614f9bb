"""Frames with depth, for the depth transforms."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from cameras import Frame, Intrinsics, Pixels
from tests.transforms.pictures import bgr


def deep(depth: Any, *, color: tuple[int, int, int] = (60, 120, 240), **more: Any) -> Frame:
    """Return a frame of one colour (blue, green, red) with a depth plane, and a lens for its size."""
    plane = np.asarray(depth, np.uint16)
    plane.flags.writeable = False
    height, width = plane.shape
    image = np.full((height, width, 3), color, np.uint8)
    lens = Intrinsics(width, height, float(width), float(width), width / 2, height / 2)
    return dataclasses.replace(
        bgr(2, 2), **{"pixels": Pixels.from_bgr(image), "depth": plane, "intrinsics": lens, **more}
    )
