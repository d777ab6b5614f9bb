"""Show where depth leaps."""

from __future__ import annotations

from typing import Any, ClassVar

import cv2
import numpy as np
from pydantic import Field

from cameras import Attributes, Frame, Pixels

from .base import Transform
from .depth import KnownDepth, depth_of

FLAT = 0.5  # millimetres in eight pixels: less comes from rounding
BINS = 2048  # of the histogram of slopes
MANY = 250_000  # pixels, of which every fourth tells as much
STEEPEST = 8000.0  # what the steepest slope of a frame becomes: cv2.Canny takes 16 bits and adds two of them


class DepthEdgesAttributes(Attributes):
    """Attributes of ``type: depth_edges`` in the YAML."""

    high_threshold_pct: float = Field(
        default=0.85, ge=0, le=1, allow_inf_nan=False, description="An edge begins where it is steeper than this share."
    )
    low_threshold_pct: float = Field(
        default=0.3, ge=0, le=1, allow_inf_nan=False, description="It goes on down to this part of that steepness."
    )
    blur_radius_px: float = Field(
        default=3.0,
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="How far depth is smoothed before; 0 for not at all.",
    )


class DepthEdges(Transform[DepthEdgesAttributes]):
    """Replace the picture by the edges of its depth (Canny), white on black.

    Frames: the same size and time. Of all places of the frame that are not flat, ``high_threshold_pct`` are less steep
    than where an edge may begin. Next to what is unknown nothing is steep. Annotations, depth and lens stay.

    Raises:
        ValueError: from ``apply``, when the frame has no depth.
    """

    type_name: ClassVar[str] = "depth_edges"
    attributes_type = DepthEdgesAttributes
    needs_depth: ClassVar[bool] = True

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with the edges as the picture."""
        across, down = _slopes(depth_of(frame), self.attributes.blur_radius_px)
        steepness = cv2.magnitude(across, down)
        steepest = cv2.minMaxLoc(steepness)[1]
        edges: Any = np.zeros(steepness.shape, np.uint8)
        if steepest > FLAT:
            high = _quantile(steepness, steepest, self.attributes.high_threshold_pct)
            low, scale = high * self.attributes.low_threshold_pct, STEEPEST / steepest
            x, y = (np.rint(slope * scale).astype(np.int16) for slope in (across, down))
            edges = cv2.Canny(x, y, low * scale, high * scale, L2gradient=True)
        return frame.with_pixels(Pixels.from_bgr(np.asarray(cv2.cvtColor(edges, cv2.COLOR_GRAY2BGR), np.uint8)))


def _slopes(depth: KnownDepth, radius: float) -> tuple[Any, Any]:
    """Return how steep depth is across and down, float32; 0 next to what is unknown."""
    values: Any = depth.plane.astype(np.float32)
    complete = cv2.countNonZero(depth.known) == depth.known.size
    if radius > 0:
        size = 2 * int(np.ceil(radius)) + 1
        # A share of what is known only, so that the unknown does not pull its surroundings to the lens.
        values = cv2.GaussianBlur(values, (size, size), radius / 2)
        if not complete:
            shares = cv2.GaussianBlur(depth.known.astype(np.float32) / 255, (size, size), radius / 2)
            values = values / np.maximum(shares, 1e-6)
    across, down = cv2.Sobel(values, cv2.CV_32F, 1, 0), cv2.Sobel(values, cv2.CV_32F, 0, 1)
    if not complete:
        unknown = cv2.erode(depth.known, np.ones((3, 3), np.uint8)) == 0
        across[unknown] = down[unknown] = 0
    return across, down


def _quantile(steepness: Any, steepest: float, share: float) -> float:
    """Return what this share of all slopes that are not flat are less steep than, to a part in some thousand."""
    flat = max(steepest / BINS, FLAT)
    if steepness.size > MANY:
        steepness = np.ascontiguousarray(steepness[::2, ::2])
    counts = cv2.calcHist([steepness], [0], None, [BINS - 1], [flat, steepest * (1 + 1e-6)]).ravel()
    if not counts.sum():
        return flat
    reached = int(np.searchsorted(np.cumsum(counts), share * counts.sum()))
    return flat + reached * (steepest - flat) / (BINS - 1)
