"""Bytes that somebody sent, into a frame."""

from __future__ import annotations

import time
from fractions import Fraction

from cameras import Frame, ImageError, Pixels, decode_image

from .problems import Problem


def decode(data: bytes, *, exif: bool = True) -> Frame:
    """Return a picture as a frame of this moment.

    Args:
        data: The bytes of a picture file; they decide what it is, not what anybody says.
        exif: Turn it as its EXIF orientation says.

    Raises:
        Problem: 415 when the bytes are no picture, 413 when it has too many pixels, 422 when it does not decode.
    """
    try:
        pixels = Pixels.from_bgr(decode_image(data, exif=exif))
    except ImageError as error:
        status = 415 if error.foreign else 413 if error.too_large else 422
        raise Problem(status, str(error)) from None
    return Frame(pixels, 0, Fraction(1, 90_000), time.time())
