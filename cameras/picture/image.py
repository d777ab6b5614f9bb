"""Decoding of picture files."""

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
"""Larger pictures are rejected before decoding; 85 megapixels take 255 MB."""

# Silence what OpenCV prints about undecodable bytes: our error reports it. OpenCV 4 has the function elsewhere.
_opencv_logging: Any = getattr(cv2.utils, "logging", cv2)
_opencv_logging.setLogLevel(0)

_DAMAGED = "the {} picture is damaged, or in a variant that cannot be decoded"
_KINDS = "JPEG, PNG, WebP, GIF, TIFF or BMP"


class ImageError(Exception):
    """Bytes that cannot be decoded to a picture.

    Attributes:
        too_large: Whether the picture has too many pixels.
        unsupported_format: Whether the bytes are not in a supported format.
    """

    def __init__(self, message: str, *, too_large: bool = False, unsupported_format: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large
        self.unsupported_format = unsupported_format


def decode_image(data: bytes, *, exif: bool = True, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode a picture to (height, width, 3) uint8 BGR, owned by the caller.

    Gray, palette and CMYK are converted, 16 bits are reduced to 8, alpha is dropped (colours stay as stored, without a
    background), and of an animation only the first picture is decoded. With ``exif``, the EXIF orientation is applied.

    Raises:
        ImageError: when the bytes are not a picture, are damaged, or have more than ``max_pixels``.
    """
    header = _checked_header(data, max_pixels)
    if header.format == "GIF":  # only the newest versions of OpenCV decode GIF
        return _decoded_gif(data)
    image: Image = _decoded(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION, header)
    if header.format == "TIFF":  # OpenCV always applies the orientation of a TIFF
        return image if exif else header.orientation.undone(image)
    return header.orientation.applied(image) if exif else image


def decode_depth(data: bytes, *, exif: bool = True, max_pixels: int = MAX_PIXELS) -> Depth | None:
    """Decode a 16-bit gray PNG to (height, width) uint16; ``None`` for any other picture.

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
        raise ImageError("the picture is empty", unsupported_format=True)
    if header is None:
        raise ImageError(f"not a picture: must be {_KINDS}", unsupported_format=True)
    if header.width * header.height > max_pixels:
        size = f"{header.width} x {header.height}"
        raise ImageError(f"too large: {size} pixels, at most {max_pixels} are allowed", too_large=True)
    if not header.complete:
        raise ImageError(f"the {header.format} picture is damaged or incomplete")
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
