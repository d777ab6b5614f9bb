"""Conversion of decoded video frames of any pixel format to limited-range YUV 4:2:0, or BGR."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

import av
import cv2
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.plane import VideoPlane

from .formats import UPRIGHT, Orientation
from .pixels import Image, Matrix, Pixels

_FULL = 2  # AVCOL_RANGE_JPEG
_ITU709, _FCC, _ITU601, _SMPTE240M, _BT2020 = 1, 4, 5, 7, 9  # the matrices swscale knows

# By the matrix of a frame (AVCOL_SPC_*): the matrix in swscale, and the one it is converted to.
# Any other value, including unspecified, is BT.601.
_MATRICES = {
    1: (_ITU709, Matrix.BT709),
    4: (_FCC, Matrix.BT601),
    7: (_SMPTE240M, Matrix.BT709),
    9: (_BT2020, Matrix.BT709),
    10: (_BT2020, Matrix.BT709),
}
_SWSCALE = {Matrix.BT601: _ITU601, Matrix.BT709: _ITU709}

_ASPECT_MIN = Fraction(1, 200)  # a smaller deviation from square is not worth the scaling
_ASPECT_MAX = Fraction(4)

_LEVELS = np.arange(256)
_LIMITED_LUMA = np.round(16 + _LEVELS * 219 / 255).astype(np.uint8)
_LIMITED_CHROMA = np.round(128 + (_LEVELS - 128) * 224 / 255).clip(0, 255).astype(np.uint8)
_FULL_LUMA = np.round((_LEVELS - 16) * 255 / 219).clip(0, 255).astype(np.uint8)


def squared_size(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """Return the size at which a picture has square pixels: one side grows, none shrinks.

    Args:
        width: Its width in pixels.
        height: Its height.
        aspect: Width of a pixel divided by its height. ``None``, nearly square and absurd ones change nothing.
    """
    if aspect is None or aspect.numerator == aspect.denominator:
        return width, height
    if not 1 / _ASPECT_MAX <= aspect <= _ASPECT_MAX or abs(aspect - 1) < _ASPECT_MIN:
        return width, height
    if aspect > 1:
        return _even(width * aspect), height
    return width, _even(height / aspect)


def _even(length: Fraction) -> int:
    return 2 * round(length / 2)


def pixels_from_av(frame: av.VideoFrame, aspect: Fraction | None = None) -> Pixels:
    """Return the picture of a decoded frame, upright and with square pixels.

    * Plain limited-range 4:2:0 is not copied: its planes are views of the decoder's.
    * The matrix is the frame's own; unspecified is BT.601. Full range is converted to limited here only.
    * RGB in any form becomes BGR, without alpha. Odd sizes become BGR, because they have no whole colour planes.
    * A display matrix (phones write one) is applied.
    * ``aspect`` is the width of a pixel divided by its height.
    """
    orientation = _orientation(frame)
    kind = frame.format
    size = squared_size(frame.width, frame.height, aspect)
    if kind.is_rgb or kind.has_palette or kind.is_bit_stream or any(plane.line_size < 0 for plane in frame.planes):
        return Pixels.from_bgr(orientation.applied(_stretched(_bgr(frame), *size)))
    if len(kind.components) < 3:
        return _from_gray(frame, orientation, size)
    theirs, ours = _MATRICES.get(int(frame.colorspace), (_ITU601, Matrix.BT601))
    full = kind.name.startswith("yuvj") or frame.color_range == _FULL
    if kind.name not in ("yuv420p", "yuvj420p") or _SWSCALE[ours] != theirs:
        # Keep the range: the tables below convert it four times as fast as swscale, with exact rounding.
        range_ = _FULL if full else 1
        frame = _reformatted(
            frame,
            format="yuv420p",
            src_colorspace=theirs,
            dst_colorspace=_SWSCALE[ours],
            src_color_range=range_,
            dst_color_range=range_,
        )
    y, u, v = (_view(plane) for plane in frame.planes[:3])
    if full:
        y, u, v = _looked_up(y, _LIMITED_LUMA), _looked_up(u, _LIMITED_CHROMA), _looked_up(v, _LIMITED_CHROMA)
    if size != (frame.width, frame.height):
        half = (size[0] + 1) // 2, (size[1] + 1) // 2
        y, u, v = _stretched(y, *size), _stretched(u, *half), _stretched(v, *half)
    if orientation != UPRIGHT:
        y, u, v = (orientation.applied(plane) for plane in (y, u, v))
    return _from_planes(y, u, v, ours)


def _from_planes(y: Image, u: Image, v: Image, matrix: Matrix) -> Pixels:
    height, width = y.shape
    if height % 2 == 0 and width % 2 == 0:
        return Pixels.from_yuv(y, u, v, matrix)
    padded = np.pad(y, ((0, height % 2), (0, width % 2)), mode="edge")
    return Pixels.from_bgr(Pixels.from_yuv(padded, u, v, matrix).bgr[:height, :width].copy())


def _from_gray(frame: av.VideoFrame, orientation: Orientation, size: tuple[int, int]) -> Pixels:
    # Gray of unspecified range is full range, as in FFmpeg's own conversions.
    limited = frame.color_range == 1
    if frame.format.name != "gray":
        frame = _reformatted(frame, format="gray", src_color_range=frame.color_range, dst_color_range=frame.color_range)
    y = orientation.applied(_stretched(_view(frame.planes[0]), *size))
    if y.shape[0] % 2 or y.shape[1] % 2:
        full = _looked_up(y, _FULL_LUMA) if limited else y
        return Pixels.from_bgr(cast(Image, cv2.cvtColor(full, cv2.COLOR_GRAY2BGR)))
    luma = y if limited else _looked_up(y, _LIMITED_LUMA)
    neutral = np.full((y.shape[0] // 2, y.shape[1] // 2), 128, np.uint8)
    return Pixels.from_yuv(luma, neutral, neutral.view(), Matrix.BT601)


def _bgr(frame: av.VideoFrame) -> Image:
    if frame.format.name != "bgr24":
        frame = _reformatted(frame, format="bgr24")
    return cast(Image, frame.to_ndarray())


def _reformatted(frame: av.VideoFrame, **how: Any) -> av.VideoFrame:
    # One thread: by default swscale starts one per core for every frame, which costs more CPU time than it saves
    # (1080p 4:2:2: 5.6 instead of 4.8 ms), and they live as long as the frame.
    return frame.reformat(**how, threads=1)


def _stretched(plane: Image, width: int, height: int) -> Image:
    if plane.shape[:2] == (height, width):
        return plane
    return cast(Image, cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR))


def _view(plane: VideoPlane) -> Image:
    """Return a view of a plane; the array keeps the frame's memory alive."""
    rows: Image = np.frombuffer(cast(Any, plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _looked_up(plane: Image, table: Image) -> Image:
    return cast(Image, cv2.LUT(plane, table))


def _orientation(frame: av.VideoFrame) -> Orientation:
    # Not frame.side_data: the frame caches that object, which refers to the frame. Such a cycle keeps the picture,
    # 3 MB at 1080p, until the cyclic garbage collector runs.
    matrix = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # its stub has no __init__
    return UPRIGHT if matrix is None else Orientation.from_display_matrix(bytes(cast(Any, matrix)))
