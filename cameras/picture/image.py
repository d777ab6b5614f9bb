"""Decoding of pictures from outside: files, requests, downloads."""

from __future__ import annotations

from .decoder import DECODERS, Decoders, PictureLimits
from .frame import Depth
from .pixels import Image

_DEFAULT = PictureLimits()


def decode_image(
    data: bytes, *, exif: bool = True, limits: PictureLimits = _DEFAULT, decoders: Decoders = DECODERS
) -> Image:
    """Decode a picture to (height, width, 3) uint8 BGR, owned by the caller.

    Gray, palette and CMYK are converted, 16 bits are reduced to 8, alpha is dropped (colours stay as stored, without a
    background), and of an animation only the first picture is decoded. With ``exif``, the EXIF orientation is applied.

    A child process decodes it, so the call blocks: never make it in an event loop.

    Raises:
        ImageError: when the bytes are not a picture, are damaged, or exceed the limits.
    """
    image: Image | None = decoders.decode(data, limits, exif=exif)
    assert image is not None
    return image


def decode_depth(
    data: bytes, *, exif: bool = True, limits: PictureLimits = _DEFAULT, decoders: Decoders = DECODERS
) -> Depth | None:
    """Decode a 16-bit gray PNG to (height, width) uint16; ``None`` for any other picture.

    Raises:
        ImageError: as :func:`decode_image`.
    """
    return decoders.decode(data, limits, exif=exif, depth=True)
