"""Decoding of picture files in this process, without a limit of time or memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .header import PictureHeader, read_header

SCANS_MAX = 500
"""Most scans of a JPEG. Encoders write at most 14, but each one costs the decoder a pass over the whole picture."""
_BYTES_PER_MARK = 32_768
"""Other data, such as a video behind the picture, looks like the start of a scan every 65,536 bytes."""

# Silence what OpenCV prints about undecodable bytes: our error reports it. OpenCV 4 has the function elsewhere.
_opencv_logging: Any = getattr(cv2.utils, "logging", cv2)
_opencv_logging.setLogLevel(0)

_DAMAGED = "the {} picture is damaged, or in a variant that cannot be decoded"
_KINDS = "JPEG, PNG, WebP, GIF, TIFF or BMP"
_ALIGNMENT = 64
_MARKER, _START_OF_SCAN = 0xFF, 0xDA
_TOO_MANY_PIXELS = "CV_IO_MAX_IMAGE"
"""A part of OpenCV's message about a picture over its own limits."""


class ImageError(Exception):
    """Bytes that cannot be decoded to a picture.

    Attributes:
        too_large: Whether the picture has too many pixels, or needs too much memory.
        unsupported_format: Whether the bytes are not in a supported format.
        unavailable: Whether the picture may be fine, but cannot be decoded now.
    """

    def __init__(
        self, message: str, *, too_large: bool = False, unsupported_format: bool = False, unavailable: bool = False
    ) -> None:
        super().__init__(message)
        self.too_large = too_large
        self.unsupported_format = unsupported_format
        self.unavailable = unavailable


def decode(
    data: bytes,
    *,
    max_pixels: int,
    exif: bool = True,
    depth: bool = False,
    before: Callable[[int], None] = lambda pixels: None,
) -> NDArray[Any] | None:
    """Decode a picture.

    Args:
        data: The bytes of a picture file.
        max_pixels: Most pixels of the picture.
        exif: Whether to apply the orientation of its EXIF.
        depth: Whether to decode only a 16-bit gray PNG, to (height, width) uint16; ``None`` for any other picture.
            Otherwise the result is (height, width, 3) uint8 BGR.
        before: Called with the number of pixels that the header states, before memory is taken for them.

    Raises:
        ImageError: The bytes are not a picture, are damaged, or have more pixels than allowed.
    """
    header = _checked_header(data, max_pixels, before)
    if depth:
        depth_bits, color_type = data[24:26]
        if header.format != "PNG" or depth_bits != 16 or color_type != 0:
            return None
        image = _decoded(data, cv2.IMREAD_UNCHANGED, header)
    elif header.format == "GIF":  # only the newest versions of OpenCV decode GIF
        image = _decoded_gif(data, header)
    else:
        image = _decoded(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION, header)
    is_tiff = header.format == "TIFF"  # OpenCV always applies the orientation of a TIFF
    height, width = image.shape[:2]
    if is_tiff and header.orientation.transposed:
        height, width = width, height
    if width * height > max_pixels:
        raise _too_large(width, height, max_pixels)
    if (width, height) != (header.width, header.height):
        stated = f"{header.width} x {header.height}"
        raise ImageError(
            f"the {header.format} picture is damaged: it states {stated} pixels and has {width} x {height}"
        )
    if is_tiff:
        return image if exif else header.orientation.undone(image)
    return header.orientation.applied(image) if exif else image


def _checked_header(data: bytes, max_pixels: int, before: Callable[[int], None]) -> PictureHeader:
    header = read_header(data)
    if not data:
        raise ImageError("the picture is empty", unsupported_format=True)
    if header is None:
        raise ImageError(f"not a picture: must be {_KINDS}", unsupported_format=True)
    if header.width * header.height > max_pixels:
        raise _too_large(header.width, header.height, max_pixels)
    if not header.complete:
        raise ImageError(f"the {header.format} picture is damaged or incomplete")
    before(header.width * header.height)
    if header.format == "JPEG" and _scans(data) > SCANS_MAX + len(data) // _BYTES_PER_MARK:
        raise ImageError(f"the JPEG picture has more than {SCANS_MAX} scans")
    return header


def _scans(data: bytes) -> int:
    """Return the number of scans of a JPEG: in the data of a scan, a zero follows the byte that begins a marker."""
    values = np.frombuffer(data, np.uint8)
    markers = np.flatnonzero(values[:-1] == _MARKER)
    return int(np.count_nonzero(values[markers + 1] == _START_OF_SCAN))


def _too_large(width: int, height: int, max_pixels: int) -> ImageError:
    message = f"too large: {width} x {height} pixels, at most {max_pixels} are allowed"
    return ImageError(message, too_large=True)


def _decoded(data: bytes, flags: int, header: PictureHeader) -> NDArray[Any]:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        if _TOO_MANY_PIXELS in str(error):
            raise ImageError("too large: more pixels than allowed", too_large=True) from None
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from None
        image = None
    if image is None:
        raise ImageError(_DAMAGED.format(header.format))
    return np.asarray(image)


def _decoded_gif(data: bytes, header: PictureHeader) -> NDArray[Any]:
    import av  # only for GIF: it takes as long to import as the rest

    # FFmpeg counts the columns that its alignment adds.
    limit = {"max_pixels": str((header.width + _ALIGNMENT) * header.height)}
    try:
        with av.open(io.BytesIO(data), "r", format="gif", options=limit) as container:
            container.streams.video[0].codec_context.options = limit
            frame = next(container.decode(video=0))
            return frame.reformat(format="bgr24", threads=1).to_ndarray()
    except (av.error.FFmpegError, StopIteration, IndexError):
        raise ImageError(_DAMAGED.format("GIF")) from None
