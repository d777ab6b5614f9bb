"""Darken colours by depth: near stays bright, far gets dark."""

from __future__ import annotations

from typing import Any, ClassVar

import cv2
import numpy as np
from pydantic import Field

from cameras import Attributes, BoundingBox, Frame, Intrinsics, Mask, Movement, Pixels, Points, warped

from .base import Transform, read_only
from .depth import depth_of
from .lens import IntrinsicParameters, checked_size

FARTHEST_ALPHA = 32  # of 255; unknown depth has 0


class OverlayAttributes(Attributes):
    """Attributes of ``type: overlay`` in the YAML."""

    intrinsic_parameters: IntrinsicParameters | None = Field(
        default=None,
        description="The lens to show it through; where missing or not positive, that of the camera or its source.",
    )


class Overlay(Transform[OverlayAttributes]):
    """Darken the colours of each frame by distance.

    Frames: the same time. The colour of each pixel is kept; its opacity, over black, falls from the nearest point of
    the frame to an eighth at the farthest; unknown depth is black. Where the intrinsic parameters in the attributes
    differ from those of the frame, the frame is reprojected to them: size, principal point and focal lengths.

    Raises:
        ValueError: from ``apply``, when the frame has no depth, no lens is known, or it is for another size of picture.
    """

    type_name: ClassVar[str] = "overlay"
    attributes_type = OverlayAttributes
    exchangeable = ("intrinsic_parameters",)
    needs_depth: ClassVar[bool] = True
    needs_lens = ("intrinsic_parameters",)

    def apply(self, frame: Frame) -> Frame:
        """Return the darkened frame."""
        declared = self.attributes.intrinsic_parameters
        own = None if declared is None else declared.intrinsics
        lens = frame.intrinsics or own
        depth = depth_of(frame)
        if lens is None:
            raise ValueError(
                "intrinsic_parameters are missing: set them here or on the camera, or use a source that provides them"
            )
        checked_size(frame, lens)
        alpha: Any = depth.ranked(255, FARTHEST_ALPHA)
        image = cv2.multiply(frame.image, cv2.cvtColor(alpha, cv2.COLOR_GRAY2BGR), scale=1 / 255)
        shaded = frame.with_pixels(Pixels.from_bgr(np.asarray(image, np.uint8)), intrinsics=lens)
        seen = own or lens
        return shaded if seen == lens else _seen_through(shaded, lens, seen)


def _seen_through(frame: Frame, old: Intrinsics, new: Intrinsics) -> Frame:
    """Return a frame reprojected from one pinhole lens to another: an affine map of the picture."""
    # From positions on the new picture to the old one; depth cancels out, since both lenses have the same centre.
    across, down = old.fx / new.fx, old.fy / new.fy
    places = np.array([[across, 0, old.ppx - new.ppx * across], [0, down, old.ppy - new.ppy * down]])
    indices = places + [[0, 0, (across - 1) / 2], [0, 0, (down - 1) / 2]]
    size = (new.width_px, new.height_px)
    fractions = places / [[old.width_px], [old.height_px]] * [new.width_px, new.height_px, 1]

    def box(old_box: BoundingBox) -> BoundingBox | None:
        (x_scale, _, x_shift), (_, y_scale, y_shift) = fractions
        return BoundingBox(
            float((old_box.x_min - x_shift) / x_scale),
            float((old_box.y_min - y_shift) / y_scale),
            float((old_box.x_max - x_shift) / x_scale),
            float((old_box.y_max - y_shift) / y_scale),
        ).clipped()

    def mask(old_mask: Mask) -> Mask:
        rows, columns = old_mask.shape
        return warped(old_mask, fractions, columns, rows)

    def points(old_points: Points) -> Points:
        (x_scale, _, x_shift), (_, y_scale, y_shift) = fractions
        new_points: Points = (old_points - [x_shift, y_shift]) / [x_scale, y_scale]
        return new_points

    def image(array: Any, method: int) -> Any:
        return read_only(cv2.warpAffine(array, indices, size, flags=method | cv2.WARP_INVERSE_MAP))

    return frame.moved(
        Pixels.from_bgr(image(frame.image, cv2.INTER_LINEAR)),
        Movement(box, mask, points),
        depth=None if frame.depth is None else image(frame.depth, cv2.INTER_NEAREST),
        intrinsics=new,
    )
