"""Show depth as colours."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from cameras import Frame, Image, Pixels

from .base import NoAttributes, Transform
from .depth import depth_of

NEAR_HUE_DEGS, FAR_HUE_DEGS = 30, 230


class DepthToPretty(Transform[NoAttributes]):
    """Replace the picture by its depth, from orange for the nearest to blue for the farthest.

    Frames: the same size and time; the colours span the depth range of each frame. Unknown depth is black. Annotations,
    depth and lens stay.

    Raises:
        ValueError: from ``apply``, when the frame has no depth.
    """

    type_name: ClassVar[str] = "depth_to_pretty"
    attributes_type = NoAttributes
    needs_depth: ClassVar[bool] = True

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with its depth as the picture."""
        image = cv2.applyColorMap(depth_of(frame).ranked(1, 255), _COLORS)
        return frame.with_pixels(Pixels.from_bgr(np.asarray(image, np.uint8)))


def _colors() -> Image:
    """Return (256, 1, 3) BGR: black, then the hues from near to far, of full saturation and brightness."""
    hues = np.linspace(NEAR_HUE_DEGS, FAR_HUE_DEGS, 255, dtype=np.float32)
    hsv = np.dstack([hues, np.ones_like(hues), np.ones_like(hues)])
    bgr = np.rint(255 * cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)).astype(np.uint8)
    return np.concatenate([np.zeros((1, 1, 3), np.uint8), bgr.reshape(255, 1, 3)])


_COLORS = _colors()
