"""The depth of a frame, as the depth transforms use it."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np

from cameras import Depth, Frame, Mask


class KnownDepth(NamedTuple):
    """The depth of a frame.

    Attributes:
        plane: Millimetres, (height, width) uint16, 0 where unknown; read-only.
        known: 255 where depth is known, else 0.
        nearest: The smallest known value; 0 when none is known.
        farthest: The largest known value.
    """

    plane: Depth
    known: Mask
    nearest: int
    farthest: int

    def ranked(self, first: int, last: int) -> Any:
        """Return (height, width) uint8: from ``first`` (nearest) to ``last`` (farthest); 0 where unknown."""
        scale = (last - first) / max(self.farthest - self.nearest, 1)
        ranks = cv2.convertScaleAbs(self.plane, alpha=scale, beta=first - self.nearest * scale)
        return cv2.bitwise_and(ranks, self.known)


def depth_of(frame: Frame) -> KnownDepth:
    """Return the depth of a frame.

    Raises:
        ValueError: when the frame has no depth, or depth of another size.
    """
    plane = frame.depth
    if plane is None:
        raise ValueError("the frame has no depth: it must come from a camera with depth (depth: true)")
    if plane.shape != (frame.height, frame.width):
        raise ValueError(
            f"the depth is {plane.shape[1]}x{plane.shape[0]}, but the picture is {frame.width}x{frame.height}"
        )
    known = np.asarray(cv2.compare(plane, 0, cv2.CMP_NE), np.uint8)  # type: ignore[call-overload]  # a scalar is fine
    nearest, farthest, _, _ = cv2.minMaxLoc(plane, known)
    return KnownDepth(plane, known, int(nearest), int(farthest))
