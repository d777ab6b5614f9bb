"""Pictures of moving squares, with the truth."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np

from cameras import BoundingBox, Frame, Mask, Pixels, as_mask

WIDTH, HEIGHT, SIDE = 320, 180, 40
RANDOM = np.random.default_rng(1)
SQUARE = RANDOM.integers(0, 255, (SIDE, SIDE, 3), np.uint8)
BACKDROPS = [cv2.resize(RANDOM.integers(60, 200, (9, 16, 3), np.uint8), (WIDTH, HEIGHT)) for _ in range(2)]
TEXTURES = [np.random.default_rng(seed).integers(0, 255, (5, 5, 3), np.uint8) for seed in (2, 3)]
SQUARES = [cv2.resize(texture, (40, 40), interpolation=cv2.INTER_CUBIC) for texture in TEXTURES]


def two_squares(number: int) -> tuple[Frame, list[Mask]]:
    """Return a frame with two squares that move towards each other, 5 pixels a frame, and their true masks."""
    image, masks = BACKDROPS[0].copy(), []
    for square, left in zip(SQUARES, (40 + 5 * number, 230 - 5 * number), strict=True):
        image[60:100, left : left + 40] = square
        inside = np.zeros(image.shape[:2], np.bool_)
        inside[60:100, left : left + 40] = True
        masks.append(as_mask(inside))
    return Frame(Pixels.from_bgr(np.asarray(image, np.uint8)), number, Fraction(1, 10), 0.0, number), masks


def box_of(mask: Mask) -> BoundingBox:
    """Return the tight box around a mask."""
    left, top, width, height = cv2.boundingRect(mask)
    rows, columns = mask.shape
    return BoundingBox(left / columns, top / rows, (left + width) / columns, (top + height) / rows)
