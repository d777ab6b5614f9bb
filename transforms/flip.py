"""Mirror the frame."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from cameras import Attributes, BoundingBox, Frame, Intrinsics, Movement, Pixels, Points

from .base import Transform, read_only

_CODES = {(True, False): 1, (False, True): 0, (True, True): -1}  # flip codes of cv2.flip


class FlipAttributes(Attributes):
    """Attributes of ``type: flip`` in the YAML."""

    direction: Literal["horizontal", "vertical", "both"] = Field(
        default="horizontal",
        description="What is swapped. horizontal: left and right, as in a mirror. vertical: top and bottom. both.",
    )


class Flip(Transform[FlipAttributes]):
    """Mirror each frame.

    Frames: size and time unchanged, pixels moved exactly; a YUV picture stays YUV. Boxes, masks, depth, intrinsics and
    the tangential part of the distortion move along.
    """

    type_name: ClassVar[str] = "flip"
    attributes_type = FlipAttributes
    exchangeable = ("direction",)

    def apply(self, frame: Frame) -> Frame:
        """Return the mirrored frame."""
        flipped = frame.moved(
            self._pixels(frame.pixels),
            Movement(self._box, self._array, self._points),
            depth=None if frame.depth is None else self._array(frame.depth),
            intrinsics=None if frame.intrinsics is None else self._intrinsics(frame.intrinsics),
        )
        return dataclasses.replace(flipped, distortion=self._distortion(frame.distortion))

    @property
    def _across(self) -> bool:
        return self.attributes.direction != "vertical"

    @property
    def _down(self) -> bool:
        return self.attributes.direction != "horizontal"

    def _pixels(self, pixels: Pixels) -> Pixels:
        if pixels.born_yuv:
            y, u, v = (self._array(plane) for plane in pixels.yuv)
            return Pixels.from_yuv(y, u, v, pixels.matrix)
        return Pixels.from_bgr(self._array(pixels.bgr))

    def _array(self, array: Any) -> Any:
        return read_only(cv2.flip(array, _CODES[self._across, self._down]))

    def _box(self, box: BoundingBox) -> BoundingBox:
        x_min, x_max = (1 - box.x_max, 1 - box.x_min) if self._across else (box.x_min, box.x_max)
        y_min, y_max = (1 - box.y_max, 1 - box.y_min) if self._down else (box.y_min, box.y_max)
        return BoundingBox(x_min, y_min, x_max, y_max)

    def _points(self, points: Points) -> Points:
        turned = np.array([self._across, self._down])
        return np.where(turned, 1 - points, points)

    def _intrinsics(self, known: Intrinsics) -> Intrinsics:
        return dataclasses.replace(
            known,
            ppx=known.width_px - known.ppx if self._across else known.ppx,
            ppy=known.height_px - known.ppy if self._down else known.ppy,
        )

    def _distortion(self, known: tuple[float, ...]) -> tuple[float, ...]:
        """Return the parameters of the mirrored lens: (tp2, tp1) is the direction in which it is tilted."""
        if len(known) != 5:
            return known
        rk1, rk2, rk3, tp1, tp2 = known
        return rk1, rk2, rk3, -tp1 if self._down else tp1, -tp2 if self._across else tp2
