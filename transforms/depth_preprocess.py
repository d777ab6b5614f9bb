"""Clean depth: remove small patches, fill small holes, cut thin tips."""

from __future__ import annotations

from typing import Any, ClassVar

import cv2
import numpy as np

from cameras import Depth, Frame

from .base import NoAttributes, Transform, read_only
from .depth import depth_of

KERNEL = np.ones((5, 5), np.uint8)

# An isolated patch of known depth that covers less than this share of the picture is noise. The nearer the patch, the
# larger an object would appear.
SMALLEST = ((500, 0.05), (4000, 0.005), (65_536, 0.0005))  # (nearer than this in millimetres, share)


class DepthPreprocess(Transform[NoAttributes]):
    """Clean the depth of each frame.

    Frames: picture, size and time unchanged. Patches of depth too small for their distance are removed, then the plane
    is closed (small holes filled) and opened (small tips cut), 5x5 pixels, once each.

    Raises:
        ValueError: from ``apply``, when the frame has no depth.
    """

    type_name: ClassVar[str] = "depth_preprocess"
    attributes_type = NoAttributes
    needs_depth: ClassVar[bool] = True

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with clean depth."""
        depth = depth_of(frame)
        cleaned: Any = _without_noise(depth.plane, depth.known)
        for step in (cv2.MORPH_CLOSE, cv2.MORPH_OPEN):
            cleaned = cv2.morphologyEx(cleaned, step, KERNEL)
        return frame.with_pixels(frame.pixels, depth=read_only(cleaned))


def _without_noise(plane: Depth, known: Any) -> Depth:
    count, patches, statistics, _ = cv2.connectedComponentsWithStats(known, connectivity=4, ltype=cv2.CV_32S)
    areas = statistics[:, cv2.CC_STAT_AREA]
    small = areas < max(share for _, share in SMALLEST) * plane.size
    small[0] = False  # the component of unknown depth
    if not small.any():
        return plane
    pixels = small[patches]
    distances = np.bincount(patches[pixels], plane[pixels], count) / np.maximum(areas, 1)
    smallest = np.select([distances < limit for limit, _ in SMALLEST], [share * plane.size for _, share in SMALLEST])
    noise = small & (areas < smallest.astype(int))
    if not noise.any():
        return plane
    cleaned = plane.copy()
    cleaned[noise[patches]] = 0
    return cleaned
