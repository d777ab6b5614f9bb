"""Size and orientation from the header of a picture, to reject huge or unsupported ones before decoding."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from .orientation import UPRIGHT, Orientation

_WIDTH, _LENGTH, _ORIENTATION = 256, 257, 274  # TIFF tags; EXIF is a small TIFF file
_JPEG_MARKER = re.compile(rb"\xff[^\xff\0]")
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers that no length follows
_JPEG_END = 0xD9
_JPEG_SEGMENTS_MAX = 10_000  # before the picture; cameras write a dozen
_FORMATS = {1: "B", 3: "H", 4: "I", 16: "Q"}  # TIFF types: byte, short, long, long8


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """The header of a picture.

    Attributes:
        format: ``JPEG``, ``PNG``, ``WebP``, ``GIF``, ``BMP`` or ``TIFF``.
        width: Width in pixels, as stored.
        height: Height in pixels, as stored.
        orientation: Orientation from its EXIF.
        complete: Whether header and end are present, as far as the format shows; without a header the size is 0 by 0.
    """

    format: str
    width: int
    height: int
    orientation: Orientation = UPRIGHT
    complete: bool = True


def read_header(data: bytes) -> PictureHeader | None:
    """Return the header of a picture; ``None`` for bytes of an unsupported format."""
    for magic, offset, name, read in _KINDS:
        if data.startswith(magic, offset):
            try:
                header = read(data)
            except (struct.error, IndexError, KeyError):
                header = None
            return header or PictureHeader(name, 0, 0, complete=False)
    return None


def _jpeg(data: bytes) -> PictureHeader | None:
    width = height = 0
    orientation = UPRIGHT
    at = 2
    for _ in range(_JPEG_SEGMENTS_MAX):
        found = _JPEG_MARKER.search(data, at)  # as libjpeg does: bytes before a marker are skipped
        if found is None:
            return None
        at = found.end() - 1
        marker = data[at]
        if marker in _JPEG_ALONE:
            at += 1
            continue
        if marker == _JPEG_END:
            return None
        (length,) = struct.unpack_from(">H", data, at + 1)
        body = at + 3
        if marker == 0xDA:  # start of scan: the picture itself
            return PictureHeader("JPEG", width, height, orientation, data.rfind(b"\xff\xd9") >= body) if width else None
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, body + 1)
        elif marker == 0xE1 and data[body : body + 6] == b"Exif\0\0":
            orientation = _exif_orientation(data[body + 6 : at + 1 + length])
        at += 1 + length
    return None


def _png(data: bytes) -> PictureHeader | None:
    width = height = 0
    orientation = UPRIGHT
    at = 8
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if name == b"IHDR":
            width, height = struct.unpack_from(">II", data, body)
        elif name == b"eXIf":
            orientation = _exif_orientation(data[body : body + length])
        elif name == b"IEND":
            return PictureHeader("PNG", width, height, orientation)
        at = body + length + 4
    return PictureHeader("PNG", width, height, orientation, complete=False)


def _webp(data: bytes) -> PictureHeader | None:
    (whole,) = struct.unpack_from("<I", data, 4)
    width = height = 0
    orientation = UPRIGHT
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        body = at + 8
        if name == b"VP8X":
            width = 1 + int.from_bytes(data[body + 4 : body + 7], "little")
            height = 1 + int.from_bytes(data[body + 7 : body + 10], "little")
        elif name == b"VP8 " and not width:
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, body + 6))
        elif name == b"VP8L" and not width:
            (bits,) = struct.unpack_from("<I", data, body + 1)
            width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        elif name == b"EXIF":
            exif = data[body : body + length]
            orientation = _exif_orientation(exif.removeprefix(b"Exif\0\0"))
        at = body + length + length % 2
    return PictureHeader("WebP", width, height, orientation, len(data) >= whole + 8) if width else None


def _gif(data: bytes) -> PictureHeader:
    width, height = struct.unpack_from("<HH", data, 6)
    return PictureHeader("GIF", width, height, complete=data.rstrip(b"\0").endswith(b";"))


def _tiff(data: bytes) -> PictureHeader:
    tags = _tiff_tags(data)
    return PictureHeader("TIFF", tags[_WIDTH], tags[_LENGTH], Orientation.from_exif(tags.get(_ORIENTATION, 1)))


def _bmp(data: bytes) -> PictureHeader:
    (size,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if size == 12 else "<ii", data, 18)
    return PictureHeader("BMP", abs(width), abs(height))  # a negative height means that the top row comes first


def _exif_orientation(exif: bytes) -> Orientation:
    try:
        return Orientation.from_exif(_tiff_tags(exif).get(_ORIENTATION, 1))
    except (struct.error, IndexError):
        return UPRIGHT  # EXIF is often damaged in intact pictures


def _tiff_tags(data: bytes) -> dict[int, int]:
    """Return the tags with a single integer in the first directory."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    count_format, entry_size, header = ("Q", 20, 8) if big else ("H", 12, 4)
    (directory,) = struct.unpack_from(order + ("Q" if big else "I"), data, header)
    (count,) = struct.unpack_from(order + count_format, data, directory)
    first = directory + struct.calcsize(order + count_format)
    tags: dict[int, int] = {}
    for number in range(min(count, 4096)):
        at = first + number * entry_size
        tag, kind = struct.unpack_from(order + "HH", data, at)
        (values,) = struct.unpack_from(order + ("Q" if big else "I"), data, at + 4)
        if kind in _FORMATS and values == 1:
            (tags[tag],) = struct.unpack_from(order + _FORMATS[kind], data, at + (12 if big else 8))
    return tags


_KINDS: tuple[tuple[bytes, int, str, Callable[[bytes], PictureHeader | None]], ...] = (
    (b"\xff\xd8\xff", 0, "JPEG", _jpeg),
    (b"\x89PNG\r\n\x1a\n", 0, "PNG", _png),
    (b"WEBP", 8, "WebP", _webp),
    (b"GIF87a", 0, "GIF", _gif),
    (b"GIF89a", 0, "GIF", _gif),
    (b"BM", 0, "BMP", _bmp),
    (b"II*\0", 0, "TIFF", _tiff),
    (b"MM\0*", 0, "TIFF", _tiff),
    (b"II+\0", 0, "TIFF", _tiff),
    (b"MM\0+", 0, "TIFF", _tiff),
)
