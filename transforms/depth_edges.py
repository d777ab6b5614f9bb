"""Show the edges of depth."""

from __future__ import annotations

from typing import Any, ClassVar

import cv2
import numpy as np
from pydantic import Field

from cameras import Attributes, Frame, Pixels

from .base import Transform
from .depth import KnownDepth, depth_of

FLAT = 0.5  # millimetres in eight pixels: smaller slopes come from rounding
BINS = 2048  # of the histogram of slopes
MANY = 250_000  # pixels; above, the histogram takes every fourth, which is accurate enough
STEEPEST = 8000.0  # the scaled steepest slope of a frame: cv2.Canny takes 16 bits and adds two slopes


class DepthEdgesAttributes(Attributes):
    """Attributes of ``type: depth_edges`` in the YAML."""

    high_threshold_pct: float = Field(
        default=0.85,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="An edge starts where depth is steeper than at this share of the frame.",
    )
    low_threshold_pct: float = Field(
        default=0.3,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="An edge continues down to this fraction of that steepness.",
    )
    blur_radius_px: float = Field(
        default=3.0,
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="Radius of the blur before; 0 for none.",
    )


class DepthEdges(Transform[DepthEdgesAttributes]):
    """Replace the picture by the edges of its depth (Canny), white on black.

    Frames: the same size and time. An edge starts at the ``high_threshold_pct`` quantile of the slopes in the frame,
    without the flat ones. Slopes next to unknown depth count as 0. Annotations, depth and lens stay.

    Raises:
        ValueError: from ``apply``, when the frame has no depth.
    """

    type_name: ClassVar[str] = "depth_edges"
    attributes_type = DepthEdgesAttributes
    exchangeable = ("high_threshold_pct", "low_threshold_pct", "blur_radius_px")
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
    """Return the horizontal and vertical slopes of depth, float32; 0 next to unknown depth."""
    values: Any = depth.plane.astype(np.float32)
    complete = cv2.countNonZero(depth.known) == depth.known.size
    if radius > 0:
        size = 2 * int(np.ceil(radius)) + 1
        # Normalised by the known share, so that unknown depth (0) does not pull its surroundings to the lens.
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
    """Return the quantile ``share`` of all slopes that are not flat, accurate to one bin of the histogram."""
    flat = max(steepest / BINS, FLAT)
    if steepness.size > MANY:
        steepness = np.ascontiguousarray(steepness[::2, ::2])
    counts = cv2.calcHist([steepness], [0], None, [BINS - 1], [flat, steepest * (1 + 1e-6)]).ravel()
    if not counts.sum():
        return flat
    reached = int(np.searchsorted(np.cumsum(counts), share * counts.sum()))
    return flat + reached * (steepest - flat) / (BINS - 1)
