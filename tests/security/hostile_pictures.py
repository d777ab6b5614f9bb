"""Pictures that state one size and have another, or that take a decoder very long."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from PIL import Image as PillowImage

from tests.cameras.pictures import encoded, pillow_bytes

SIDE_PX = 20_000
"""The side of the pictures that state a small size: 400 megapixels, 1.2 GB."""


def tiff_with_two_sizes(side_px: int = SIDE_PX) -> bytes:
    """Return a TIFF that states its real size first, and then 8 x 8."""
    rows = 100
    strip = zlib.compress(bytes(side_px * rows), 9)
    strips = side_px // rows
    entries = [
        (256, 4, 1, side_px),
        (256, 4, 1, 8),
        (257, 4, 1, side_px),
        (257, 4, 1, 8),
        (258, 3, 1, 8),
        (259, 3, 1, 8),  # deflate
        (262, 3, 1, 1),  # black is zero
        (273, 4, strips, 0),
        (277, 3, 1, 1),
        (278, 3, 1, rows),
        (279, 4, strips, 0),
    ]
    tables = 8 + 2 + 12 * len(entries) + 4
    data = tables + 2 * 4 * strips
    offsets = b"".join(struct.pack("<I", data) for _ in range(strips))  # all strips are the same bytes
    sizes = b"".join(struct.pack("<I", len(strip)) for _ in range(strips))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    for tag, kind, count, value in entries:
        at = {273: tables, 279: tables + 4 * strips}.get(tag, value)
        head += struct.pack("<HHII", tag, kind, count, at)
    return head + bytes(4) + offsets + sizes + strip


def jpeg_with_two_sizes(side_px: int = SIDE_PX) -> bytes:
    """Return a JPEG whose comment contains another header, which a careless reader of headers takes for the real one.

    The marker 0x01 has no length: such a reader takes what follows it for one, and jumps into the second comment.
    """
    whole = bytearray(encoded(".jpg", np.zeros((8, 8, 3), np.uint8)))
    at = whole.index(b"\xff\xc0") + 5
    struct.pack_into(">HH", whole, at, side_px, side_px)
    filler = b"\xff\xfe" + struct.pack(">H", 65_000) + bytes(65_000 - 2)
    false = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 8, 8, 1) + b"\x01\x11\0" + b"\xff\xda" + struct.pack(">H", 8)
    # The jump ends 65,534 bytes after the start of the length.
    before = bytes(65_534 - len(filler) - 4)
    comment = before + false + bytes(64)
    return bytes(b"\xff\xd8\xff\x01" + filler + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + whole[2:])


def jpeg_with_scans(side_px: int = 4000, scans: int = 4000) -> bytes:
    """Return a progressive JPEG that repeats its last scan."""
    data = pillow_bytes(PillowImage.new("L", (side_px, side_px), 90), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


def png_of_text(chunks: int = 500, size: int = 7_900_000) -> bytes:
    """Return a PNG with compressed texts, each of which takes a thousand times its bytes."""
    whole = encoded(".png", np.zeros((8, 8, 3), np.uint8))
    body = b"a\0\0" + zlib.compress(bytes(size), 9)
    chunk = struct.pack(">I4s", len(body), b"zTXt") + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    return whole[:33] + chunk * chunks + whole[33:]


def png_of_red(side_px: int = 9216) -> bytes:
    """Return a PNG of one colour, 85 megapixels in 0.3 MB."""
    row = b"\0" + b"\xff\0\0" * side_px
    packed = zlib.compressobj(1)
    pixels = b"".join(packed.compress(row) for _ in range(side_px)) + packed.flush()
    head = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
