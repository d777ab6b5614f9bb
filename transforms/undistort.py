"""Straighten what the lens has bent."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar, cast

import cv2
import numpy as np
from pydantic import Field

from cameras import Attributes, BoundingBox, Frame, Intrinsics, Movement, Pixels, Points

from .base import Services, Transform, read_only
from .lens import DistortionParameters, IntrinsicParameters, checked_size

EDGE_POINTS = 9  # per side of a box: its sides are bent too
STEPS = 50  # of the search for where a point of the bent picture is in the straight one
FOUND_WITHIN = 1e-4  # of a focal length
FAR = 32_000  # outside of every picture, and still a number of 16 bits


class UndistortAttributes(Attributes):
    """Attributes of ``type: undistort`` in the YAML."""

    intrinsic_parameters: IntrinsicParameters | None = Field(
        default=None, description="The lens; that of the camera, or of its source, where missing."
    )
    distortion_parameters: DistortionParameters | None = Field(
        default=None, description="Its distortion (Brown-Conrady); that of the camera, or of its source, where missing."
    )

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Say when the lens is given, but cannot be one."""
        if self.intrinsic_parameters is not None and self.intrinsic_parameters.intrinsics is None:
            yield ("intrinsic_parameters",), "width_px, height_px, fx and fy must be greater than 0"


class Undistort(Transform[UndistortAttributes]):
    """Bring each frame to what a lens without distortion would have shown.

    Frames: size and time unchanged; what comes from outside the picture is black. Colours are interpolated, depth and
    masks take the nearest value; each plane of a YUV picture is moved at its own resolution. A box becomes the box
    around the straightened one. Where pixels come from is computed once per lens.

    Raises:
        ValueError: from ``apply``, when no lens or distortion is known, or the lens is for another size of picture.
    """

    type_name: ClassVar[str] = "undistort"
    attributes_type = UndistortAttributes
    needs_lens = ("intrinsic_parameters", "distortion_parameters")

    def __init__(self, attributes: UndistortAttributes, services: Services) -> None:
        super().__init__(attributes, services)
        own = attributes.intrinsic_parameters
        self._intrinsics = None if own is None else own.intrinsics
        self._distortion = (
            () if attributes.distortion_parameters is None else attributes.distortion_parameters.distortion
        )

    def apply(self, frame: Frame) -> Frame:
        """Return the straightened frame; the frame itself when the lens bends nothing."""
        lens = self._intrinsics or frame.intrinsics
        if lens is None:
            raise ValueError("intrinsic_parameters are given neither here, nor for the camera, nor by its source")
        distortion = self._distortion or frame.distortion
        if not distortion:
            raise ValueError("distortion_parameters are given neither here, nor for the camera, nor by its source")
        checked_size(frame, lens)
        if not any(distortion):
            return dataclasses.replace(frame, intrinsics=lens, distortion=())
        bent = _Bent(lens, distortion)
        straight = frame.moved(
            _pixels(frame.pixels, bent),
            Movement(bent.box, lambda mask: _moved(mask, bent, smooth=False), bent.points),
            depth=None if frame.depth is None else _moved(frame.depth, bent, smooth=False),
            intrinsics=lens,
        )
        return dataclasses.replace(straight, distortion=())


def _pixels(pixels: Pixels, bent: _Bent) -> Pixels:
    if pixels.born_yuv:
        y, u, v = (_moved(plane, bent, black) for plane, black in zip(pixels.yuv, (16, 128, 128), strict=True))
        return Pixels.from_yuv(y, u, v, pixels.matrix)
    return Pixels.from_bgr(_moved(pixels.bgr, bent))


def _moved(array: Any, bent: _Bent, black: int = 0, *, smooth: bool = True) -> Any:
    height, width = array.shape[:2]
    columns, rows = _maps(bent, width, height, array.ndim == 3)
    method = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    border = (black,) * 3
    return read_only(cv2.remap(array, columns, rows, method, borderMode=cv2.BORDER_CONSTANT, borderValue=border))


@dataclasses.dataclass(frozen=True)
class _Bent:
    """A lens and how it bends.

    Attributes:
        lens: As a pinhole.
        distortion: rk1, rk2, rk3, tp1, tp2.
    """

    lens: Intrinsics
    distortion: tuple[float, ...]

    def applied(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return where the lens shows points that a pinhole would show at x, y from its axis."""
        rk1, rk2, rk3, tp1, tp2 = self.distortion
        square = x * x + y * y
        radial = 1 + square * (rk1 + square * (rk2 + square * rk3))
        both = 2 * x * y
        return (
            x * radial + tp1 * both + tp2 * (square + 2 * x * x),
            y * radial + tp2 * both + tp1 * (square + 2 * y * y),
        )

    def undone(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return which points of a pinhole's picture the lens shows at x, y from its axis; NaN where none is found."""
        straight_x, straight_y = x.copy(), y.copy()
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(STEPS):
                shown_x, shown_y = self.applied(straight_x, straight_y)
                straight_x += x - shown_x
                straight_y += y - shown_y
            shown_x, shown_y = self.applied(straight_x, straight_y)
            lost = ~(np.hypot(shown_x - x, shown_y - y) < FOUND_WITHIN)
        straight_x[lost] = straight_y[lost] = np.nan
        return straight_x, straight_y

    def box(self, box: BoundingBox) -> BoundingBox | None:
        """Return the box around a straightened box."""
        side = np.linspace(0, 1, EDGE_POINTS)
        left, right = np.full(EDGE_POINTS, box.x_min), np.full(EDGE_POINTS, box.x_max)
        top, bottom = np.full(EDGE_POINTS, box.y_min), np.full(EDGE_POINTS, box.y_max)
        across, down = box.x_min + (box.x_max - box.x_min) * side, box.y_min + (box.y_max - box.y_min) * side
        edges = np.concatenate([left, right, across, across]), np.concatenate([down, down, top, bottom])
        x, y = self.points(np.stack(edges, axis=1)).T
        if np.isnan(x).all():
            return None
        return BoundingBox(
            *(float(edge) for edge in (np.nanmin(x), np.nanmin(y), np.nanmax(x), np.nanmax(y)))
        ).clipped()

    def points(self, points: Points) -> Points:
        """Return straightened points, in fractions of the picture; NaN where none is found."""
        lens = self.lens
        x = (points[:, 0] * lens.width_px - lens.ppx) / lens.fx
        y = (points[:, 1] * lens.height_px - lens.ppy) / lens.fy
        x, y = self.undone(x, y)
        return np.stack([(x * lens.fx + lens.ppx) / lens.width_px, (y * lens.fy + lens.ppy) / lens.height_px], axis=1)


@lru_cache(maxsize=16)  # picture, halved colour, depth and mask of a few cameras; up to 8 bytes per pixel each
def _maps(bent: _Bent, width: int, height: int, packed: bool) -> tuple[Any, Any]:
    """Return where each pixel of a plane of some size over the whole picture comes from, as ``cv2.remap`` wants it.

    Packed in 16 bits is twice as fast for three colours, and half as fast for a single plane.
    """
    lens = bent.lens
    across, down = lens.width_px / width, lens.height_px / height
    x = ((np.arange(width) + 0.5) * across - lens.ppx) / lens.fx
    y = ((np.arange(height) + 0.5) * down - lens.ppy) / lens.fy
    shown_x, shown_y = bent.applied(x[None, :], y[:, None])
    columns = np.clip((shown_x * lens.fx + lens.ppx) / across - 0.5, -FAR, FAR).astype(np.float32)
    rows = np.clip((shown_y * lens.fy + lens.ppy) / down - 0.5, -FAR, FAR).astype(np.float32)
    return cast(tuple[Any, Any], cv2.convertMaps(columns, rows, cv2.CV_16SC2)) if packed else (columns, rows)
