"""Remove the distortion of the lens."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar, cast

import cv2
import numpy as np
from pydantic import Field

from cameras import Attributes, BoundingBox, Frame, Intrinsics, Movement, Pixels, Points

from .base import Transform, read_only
from .lens import DistortionParameters, IntrinsicParameters, checked_size

EDGE_POINTS = 9  # per side of a box: its sides are curved too
STEPS = 50  # of the fixed-point iteration that inverts the distortion
TOLERANCE = 1e-4  # of a focal length
FAR = 32_000  # outside every picture, and within 16 bits
KEPT_PX = 1 << 24  # largest plane whose maps are kept; they take twice the memory of its colours
BAND_PX = 1 << 20  # pixels whose maps are computed at once, in 64 bits


class UndistortAttributes(Attributes):
    """Attributes of ``type: undistort`` in the YAML."""

    intrinsic_parameters: IntrinsicParameters | None = Field(
        default=None, description="The lens; by default that of the camera or its source."
    )
    distortion_parameters: DistortionParameters | None = Field(
        default=None, description="Its distortion (Brown-Conrady); by default that of the camera or its source."
    )

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error when the lens is given but not valid."""
        if self.intrinsic_parameters is not None and self.intrinsic_parameters.intrinsics is None:
            yield ("intrinsic_parameters",), "width_px, height_px, fx and fy must be greater than 0"


class Undistort(Transform[UndistortAttributes]):
    """Undistort each frame: show what a lens without distortion would have shown.

    Frames: size and time unchanged; pixels from outside the picture are black. Colours are interpolated, depth and
    masks take the nearest value; each plane of a YUV picture is remapped at its own resolution. A box becomes the
    bounding box of the undistorted box. The maps are computed once per lens, for very large pictures each time.

    Raises:
        ValueError: from ``apply``, when lens or distortion are unknown, or the lens is for another picture size.
    """

    type_name: ClassVar[str] = "undistort"
    attributes_type = UndistortAttributes
    exchangeable = ("intrinsic_parameters", "distortion_parameters")
    needs_lens = ("intrinsic_parameters", "distortion_parameters")

    def apply(self, frame: Frame) -> Frame:
        """Return the undistorted frame; with unchanged pixels when all coefficients are 0."""
        declared = self.attributes.intrinsic_parameters, self.attributes.distortion_parameters
        lens = (declared[0] and declared[0].intrinsics) or frame.intrinsics
        if lens is None:
            raise ValueError(
                "intrinsic_parameters are missing: set them here or on the camera, or use a source that provides them"
            )
        distortion = (declared[1] and declared[1].distortion) or frame.distortion
        if not distortion:
            raise ValueError(
                "distortion_parameters are missing: set them here or on the camera, or use a source that provides them"
            )
        checked_size(frame, lens)
        if not any(distortion):
            return dataclasses.replace(frame, intrinsics=lens, distortion=())
        lens_model = _DistortedLens(lens, distortion)
        undistorted = frame.moved(
            _pixels(frame.pixels, lens_model),
            Movement(lens_model.box, lambda mask: _moved(mask, lens_model, smooth=False), lens_model.points),
            depth=None if frame.depth is None else _moved(frame.depth, lens_model, smooth=False),
            intrinsics=lens,
        )
        return dataclasses.replace(undistorted, distortion=())


def _pixels(pixels: Pixels, lens_model: _DistortedLens) -> Pixels:
    if pixels.born_yuv:
        y, u, v = (_moved(plane, lens_model, black) for plane, black in zip(pixels.yuv, (16, 128, 128), strict=True))
        return Pixels.from_yuv(y, u, v, pixels.matrix)
    return Pixels.from_bgr(_moved(pixels.bgr, lens_model))


def _moved(array: Any, lens_model: _DistortedLens, black: int = 0, *, smooth: bool = True) -> Any:
    height, width = array.shape[:2]
    packed = array.ndim == 3
    method = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST

    def remapped(columns: Any, rows: Any) -> Any:
        border = (black,) * 3
        return cv2.remap(array, columns, rows, method, borderMode=cv2.BORDER_CONSTANT, borderValue=border)

    if width * height <= KEPT_PX:
        return read_only(remapped(*_maps(lens_model, width, height, packed)))
    moved = np.empty_like(array)
    for top, bottom in _bands(width, height):
        moved[top:bottom] = remapped(*_map_rows(lens_model, width, height, top, bottom, packed))
    return read_only(moved)


@dataclasses.dataclass(frozen=True)
class _DistortedLens:
    """A lens with its distortion.

    Attributes:
        lens: The pinhole model.
        distortion: rk1, rk2, rk3, tp1, tp2.
    """

    lens: Intrinsics
    distortion: tuple[float, ...]

    def distort(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the distorted positions of points that a pinhole shows at x, y from the axis."""
        rk1, rk2, rk3, tp1, tp2 = self.distortion
        square = x * x + y * y
        radial = 1 + square * (rk1 + square * (rk2 + square * rk3))
        both = 2 * x * y
        return (
            x * radial + tp1 * both + tp2 * (square + 2 * x * x),
            y * radial + tp2 * both + tp1 * (square + 2 * y * y),
        )

    def undistort(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the undistorted positions of points at x, y from the axis; NaN where there is no solution."""
        undistorted_x, undistorted_y = x.copy(), y.copy()
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(STEPS):
                distorted_x, distorted_y = self.distort(undistorted_x, undistorted_y)
                undistorted_x += x - distorted_x
                undistorted_y += y - distorted_y
            distorted_x, distorted_y = self.distort(undistorted_x, undistorted_y)
            lost = ~(np.hypot(distorted_x - x, distorted_y - y) < TOLERANCE)
        undistorted_x[lost] = undistorted_y[lost] = np.nan
        return undistorted_x, undistorted_y

    def box(self, box: BoundingBox) -> BoundingBox | None:
        """Return the bounding box of an undistorted box."""
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
        """Return undistorted points, in fractions of the picture; NaN where there is no solution."""
        lens = self.lens
        x = (points[:, 0] * lens.width_px - lens.ppx) / lens.fx
        y = (points[:, 1] * lens.height_px - lens.ppy) / lens.fy
        x, y = self.undistort(x, y)
        return np.stack([(x * lens.fx + lens.ppx) / lens.width_px, (y * lens.fy + lens.ppy) / lens.height_px], axis=1)


@lru_cache(maxsize=16)  # luma, chroma, depth and mask of a few cameras; up to 8 bytes per pixel each
def _maps(lens_model: _DistortedLens, width: int, height: int, packed: bool) -> tuple[Any, Any]:
    """Return the maps of ``cv2.remap`` for a plane of this size that covers the whole picture."""
    bands = [_map_rows(lens_model, width, height, *band, packed) for band in _bands(width, height)]
    first, second = zip(*bands, strict=True)
    return np.concatenate(first), np.concatenate(second)


def _bands(width: int, height: int) -> Iterator[tuple[int, int]]:
    step = max(BAND_PX // width, 1)
    for top in range(0, height, step):
        yield top, min(top + step, height)


def _map_rows(
    lens_model: _DistortedLens, width: int, height: int, top: int, bottom: int, packed: bool
) -> tuple[Any, Any]:
    """Return the maps for some rows of a plane.

    Maps packed in 16 bits are twice as fast for three colours, and half as fast for a single plane.
    """
    lens = lens_model.lens
    across, down = lens.width_px / width, lens.height_px / height
    x = ((np.arange(width) + 0.5) * across - lens.ppx) / lens.fx
    y = ((np.arange(top, bottom) + 0.5) * down - lens.ppy) / lens.fy
    distorted_x, distorted_y = lens_model.distort(x[None, :], y[:, None])
    columns = np.clip((distorted_x * lens.fx + lens.ppx) / across - 0.5, -FAR, FAR).astype(np.float32)
    rows = np.clip((distorted_y * lens.fy + lens.ppy) / down - 0.5, -FAR, FAR).astype(np.float32)
    return cast(tuple[Any, Any], cv2.convertMaps(columns, rows, cv2.CV_16SC2)) if packed else (columns, rows)
