"""Colors of labels: the palette, and which text can be read on them."""

from __future__ import annotations

import zlib
from functools import lru_cache

from cameras import Color

# The first seven are Okabe's and Ito's, "Color Universal Design", without their black. The others were searched for: no
# two of all are nearer to each other, seen with the worst kind of colour blindness for them, than the nearest two of
# theirs are; the test has the figures. server/page/drawing.js has the same.
PALETTE: tuple[Color, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (145, 118, 255),
    (251, 186, 193),
    (191, 4, 40),
    (113, 21, 255),
    (154, 209, 130),
    (77, 239, 253),
    (173, 34, 117),
)
# Found by trial: no two shapes of the test pattern share a color, nor do the twelve commonest things of COCO.
PALETTE_SEED = 473184


def rgb(color: str) -> Color:
    """Return the color that ``"#RRGGBB"`` says."""
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


@lru_cache(maxsize=1024)
def palette_color(label: str) -> Color:
    """Return the color of a label in small letters."""
    # hash() differs from run to run; a label keeps its colour for ever. In the small letters that JavaScript has too.
    return PALETTE[zlib.crc32(label.encode("utf-8", "replace"), PALETTE_SEED) % len(PALETTE)]


@lru_cache(maxsize=1024)
def readable_on(color: Color) -> Color:
    """Return black or white, whichever has the higher contrast as WCAG 2 measures it."""
    red, green, blue = (
        (value / 255 / 12.92) if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in color
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (0, 0, 0) if (luminance + 0.05) ** 2 > 0.05 * 1.05 else (255, 255, 255)
