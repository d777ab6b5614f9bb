"""Colors of labels: the palette, and a readable text color for each."""

from __future__ import annotations

import zlib
from functools import lru_cache

from cameras import Color

# The first seven are Okabe and Ito's "Color Universal Design" colors without black. A search found the others: under
# the kind of color blindness that confuses them most, no two colors are closer than the closest two of the first seven;
# the test has the figures. server/http/page/drawing/colors.js has the same palette.
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
# Found by a search: the shapes of the test pattern have different colors, and so have the 12 most common COCO classes.
PALETTE_SEED = 473184


def rgb(color: str) -> Color:
    """Parse a color written as ``"#RRGGBB"``."""
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


@lru_cache(maxsize=1024)
def palette_color(label: str) -> Color:
    """Return the color of a label; the label must be in lower case."""
    # Not hash(), which differs between runs: a label always has the same color. Lower case matches JavaScript's.
    return PALETTE[zlib.crc32(label.encode("utf-8", "replace"), PALETTE_SEED) % len(PALETTE)]


@lru_cache(maxsize=1024)
def readable_on(color: Color) -> Color:
    """Return black or white, whichever has the higher contrast by WCAG 2."""
    red, green, blue = (
        (value / 255 / 12.92) if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in color
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (0, 0, 0) if (luminance + 0.05) ** 2 > 0.05 * 1.05 else (255, 255, 255)
