"""The pictures that compose the test pattern: shaded shapes with shadows, and the backdrop."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from .shapes import Canvas, Shape

Floats = NDArray[np.float32]

SHADOW_REACH = 0.13  # reach of the shadow beyond the shape, as a fraction of its size

_LARGEST_LANDSCAPE_PX = 1280  # larger backdrops are upscaled: they are soft anyway, and 4K would take seconds
_MARGIN = 0.04  # margin around a sprite, so that its edge fades out inside the image
_SHADOW_PX = 64
_SHADOW_MARGIN = 0.25
_SHADOW_STRENGTH = 0.42
_LIGHT = (-0.45, -0.9)  # from the upper left

# Blue, green, red, from the far end to the near one: quiet and dark, so that the shapes stand out.
_PALETTES = (
    ((136, 92, 66), (98, 58, 46), (66, 38, 36)),  # night blue
    ((120, 108, 60), (88, 74, 40), (58, 48, 32)),  # deep sea
    ((120, 76, 98), (86, 52, 70), (58, 38, 48)),  # plum
    ((108, 102, 94), (74, 69, 64), (48, 46, 44)),  # slate
    ((84, 106, 74), (58, 76, 54), (40, 52, 42)),  # moss
    ((78, 84, 120), (54, 60, 90), (40, 44, 62)),  # clay
)


@dataclass(frozen=True, eq=False)
class Sprite:
    """The picture of a shape in one size.

    Attributes:
        image: (n, n, 4) uint8: blue, green, red and coverage; colours are premultiplied by the coverage.
        size_px: Side of the shape's unit square, without the margin of the image.
        middle: The centre of the image, in its pixels.
    """

    image: Canvas
    size_px: int
    middle: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "middle", np.full(2, (self.image.shape[0] - 1) / 2))

    @staticmethod
    def of(shape: Shape, color: tuple[int, int, int], size_px: int) -> Sprite:
        """Render a shape like a rounded body lit from above."""
        coverage: Floats = shape.mask(size_px, _MARGIN).astype(np.float32) / np.float32(255)
        light = _relief(coverage, size_px)
        body = light[:, :, None] * np.array(color, np.float32)
        body += (255 - body) * (np.clip(light - 1.02, 0, 0.5) * 0.9)[
            :, :, None
        ]  # a highlight, not only a brighter colour
        hollow = shape.hollow_mask(size_px, _MARGIN).astype(np.float32)[:, :, None] / 255
        body += hollow * (np.array(color, np.float32) * 0.42 + 12 - body)
        image = np.dstack([np.clip(body, 0, 255) * coverage[:, :, None], coverage * 255])
        return Sprite((image + 0.5).astype(np.uint8), size_px)


def shadow_of(shape: Shape) -> Sprite:
    """Return a shape's soft shadow as a picture with one channel: its darkness, from 0 to 255."""
    mask = shape.mask(_SHADOW_PX, _SHADOW_MARGIN)
    soft = cv2.GaussianBlur(mask, (0, 0), _SHADOW_PX * 0.055)
    return Sprite((soft * _SHADOW_STRENGTH).astype(np.uint8), _SHADOW_PX)


def _relief(coverage: Floats, size_px: int) -> Floats:
    """Return the brightness of a body with this outline and a rounded edge; about 1."""
    inside = (coverage > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5) / (0.11 * size_px)
    bevel = np.sqrt(1 - (1 - np.clip(depth, 0, 1)) ** 2)
    bevel = cv2.GaussianBlur(bevel.astype(np.float32), (0, 0), max(0.6, size_px * 0.016))
    slope_x = cv2.Sobel(bevel, cv2.CV_32F, 1, 0, ksize=3) * (size_px / 8)
    slope_y = cv2.Sobel(bevel, cv2.CV_32F, 0, 1, ksize=3) * (size_px / 8)
    facing = -(slope_x * _LIGHT[0] + slope_y * _LIGHT[1]) * 0.035
    fall = np.linspace(0.07, -0.09, coverage.shape[0], dtype=np.float32)[:, None]
    return np.asarray(1.0 + np.clip(facing, -0.32, 0.30) + fall, np.float32)


def backdrop(width_px: int, height_px: int, random: np.random.Generator) -> Canvas:
    """Return a quiet landscape of soft waves with the grain of paper, (height, width, 3) uint8 BGR."""
    smaller = min(1.0, _LARGEST_LANDSCAPE_PX / max(width_px, height_px))
    image = _landscape(max(1, round(width_px * smaller)), max(1, round(height_px * smaller)), random)
    if smaller < 1:
        image = np.asarray(cv2.resize(image, (width_px, height_px), interpolation=cv2.INTER_LINEAR), np.float32)
    image += _grain(width_px, height_px, random)[:, :, None]
    return np.asarray(np.clip(image, 0, 255, out=image), np.uint8)


def _landscape(width_px: int, height_px: int, random: np.random.Generator) -> Floats:
    far, middle, near = (np.array(color, np.float32) for color in _PALETTES[random.integers(len(_PALETTES))])
    x = np.linspace(0, 1, width_px, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, height_px, dtype=np.float32)[:, None]
    image: Floats = far + (middle - far) * y[:, :, None] + np.zeros((height_px, width_px, 1), np.float32)
    for layer in range(4):
        waves = np.zeros_like(x)
        for octave in range(3):
            phase = random.uniform(0, 2 * np.pi)
            waves += np.sin(x * (3.1 + 2.3 * octave) * random.uniform(0.8, 1.2) + phase) / (2.0 + 2.2 * octave)
        below = y - (0.22 + 0.21 * layer + 0.11 * waves)
        edge = np.clip(below * height_px / 1.5 + 0.5, 0, 1)  # one and a half pixels wide: anti-aliased, not blurred
        shade = np.exp(-np.clip(below, 0, 1) * 9.0) * 0.30 - 0.04
        tone = middle + (near - middle) * (layer / 3)
        image += (edge * 0.7)[:, :, None] * (tone * (1.0 + shade)[:, :, None] - image)
    glow = np.exp(-(((x - random.uniform(0.25, 0.75)) / 0.55) ** 2) - ((y - random.uniform(0.2, 0.5)) / 0.6) ** 2)
    corners = ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 0.5
    image *= (0.98 + 0.26 * glow - corners)[:, :, None]
    return image


def _grain(width_px: int, height_px: int, random: np.random.Generator) -> Floats:
    """Return a texture of fine threads and specks, with an amplitude of a few levels."""
    noise = random.standard_normal((height_px, width_px), np.float32)
    threads = (
        cv2.GaussianBlur(noise, (0, 0), sigmaX=6.0, sigmaY=0.6) * 5
        + cv2.GaussianBlur(noise, (0, 0), sigmaX=0.6, sigmaY=6.0) * 5
    )
    clouds = cv2.resize(
        random.standard_normal((7, 9), np.float32), (width_px, height_px), interpolation=cv2.INTER_CUBIC
    )
    return np.asarray(threads * 1.1 + noise * 0.8 + clouds * 2.5, np.float32)
