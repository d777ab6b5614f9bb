"""Decode the bytes of a picture."""

from __future__ import annotations

import io
from typing import Any

import av
import cv2
import numpy as np

from .frame import Depth
from .header import PictureHeader, read_header
from .pixels import Image
from .video import pixels_from_av

MAX_PIXELS = 85_000_000
"""What is larger is refused before it is decoded: 85 megapixels are 255 MB."""

# What OpenCV prints about bytes it cannot decode is said by the error we raise. OpenCV 4 has the function elsewhere.
_opencv_logging: Any = getattr(cv2.utils, "logging", cv2)
_opencv_logging.setLogLevel(0)

_DAMAGED = "a {} picture that is damaged, or of a rare kind that cannot be decoded"
_KINDS = "JPEG, PNG, WebP, GIF, TIFF or BMP"


class ImageError(Exception):
    """These bytes are no picture that can be decoded; the message says why.

    Attributes:
        too_large: Whether it is one, but has more pixels than are taken.
        foreign: Whether the bytes are no picture of a kind that is taken at all.
    """

    def __init__(self, message: str, *, too_large: bool = False, foreign: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large
        self.foreign = foreign


def decode_image(data: bytes, *, exif: bool = True, max_pixels: int = MAX_PIXELS) -> Image:
    """Return a picture as (height, width, 3) uint8 BGR, the caller's own.

    Gray is spread over the three colours, 16 bits are cut to 8, a palette is looked up, CMYK is converted, alpha is
    dropped (the colours stay as stored, nothing is laid under them), of an animation the first picture is taken. With
    ``exif`` it is turned and mirrored as its EXIF says.

    Raises:
        ImageError: when the bytes are no picture, a damaged one, or one of more than ``max_pixels``.
    """
    header = _checked_header(data, max_pixels)
    if header.format == "GIF":  # which OpenCV reads only in its newest versions
        return _decoded_gif(data)
    image: Image = _decoded(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION, header)
    if header.format == "TIFF":  # which OpenCV brings upright whatever it is told
        return image if exif else header.orientation.undone(image)
    return header.orientation.applied(image) if exif else image


def decode_depth(data: bytes, *, exif: bool = True, max_pixels: int = MAX_PIXELS) -> Depth | None:
    """Return the values of a gray PNG of 16 bits, (height, width) uint16; ``None`` for any other picture.

    Raises:
        ImageError: as :func:`decode_image`.
    """
    header = _checked_header(data, max_pixels)
    depth_bits, color_type = data[24:26]
    if header.format != "PNG" or depth_bits != 16 or color_type != 0:
        return None
    depth: Depth = _decoded(data, cv2.IMREAD_UNCHANGED, header)
    return header.orientation.applied(depth) if exif else depth


def _checked_header(data: bytes, max_pixels: int) -> PictureHeader:
    header = read_header(data)
    if not data:
        raise ImageError("there are no bytes", foreign=True)
    if header is None:
        raise ImageError(f"not a picture: {_KINDS} is wanted", foreign=True)
    if header.width * header.height > max_pixels:
        size = f"{header.width} x {header.height}"
        raise ImageError(f"too large: {size} pixels, at most {max_pixels} are taken", too_large=True)
    if not header.complete:
        raise ImageError(f"a {header.format} picture that is damaged or cut short")
    return header


def _decoded(data: bytes, flags: int, header: PictureHeader) -> Any:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        image = None
    if image is None:
        raise ImageError(_DAMAGED.format(header.format))
    return image


def _decoded_gif(data: bytes) -> Image:
    try:
        with av.open(io.BytesIO(data), "r", format="gif") as container:
            return pixels_from_av(next(container.decode(video=0))).bgr.copy()
    except (av.error.FFmpegError, StopIteration, IndexError):
        raise ImageError(_DAMAGED.format("GIF")) from None
