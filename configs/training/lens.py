"""Simulation of the defects of a cheap camera."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cameras.pattern.shapes import Canvas

Floats = NDArray[np.float32]


def through_a_lens(image: Canvas, random: np.random.Generator, strength: float) -> Canvas:
    """Return a picture with the defects of a cheap camera: uneven light, a colour cast, blur, noise, JPEG."""
    height_px, width_px = image.shape[:2]
    picture: Floats = image.astype(np.float32)
    if random.uniform() < 0.6:
        slope = random.uniform(-0.45, 0.45, 2) * strength
        x, y = np.linspace(-1, 1, width_px, dtype=np.float32), np.linspace(-1, 1, height_px, dtype=np.float32)
        picture *= (1 + slope[0] * x[None, :] + slope[1] * y[:, None])[:, :, None]
    gain = random.uniform(1 - 0.45 * strength, 1 + 0.35 * strength)
    cast = 1 + random.normal(0, 0.10 * strength, 3)
    picture = picture * (gain * cast).astype(np.float32) + np.float32(random.normal(0, 12 * strength))
    blur = random.uniform()
    if blur < 0.35:
        sigma_px = random.uniform(0.4, 0.4 + height_px / 160 * strength)
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)
    elif blur < 0.5:
        way = _motion(int(random.integers(3, 4 + int(6 * strength))), random)
        picture = np.asarray(cv2.filter2D(picture, -1, way), np.float32)
    if random.uniform() < 0.6:
        noise = random.standard_normal((height_px, width_px, 3 if random.uniform() < 0.7 else 1), np.float32)
        picture += noise * random.uniform(1, 14 * strength)
    smooth = np.clip(picture, 0, 255).astype(np.uint8)
    if random.uniform() < 0.4:
        _, packed = cv2.imencode(".jpg", smooth, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 92))])
        smooth = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return smooth


def _motion(length_px: int, random: np.random.Generator) -> Floats:
    kernel = np.zeros((length_px, length_px), np.float32)
    angle = random.uniform(0, np.pi)
    reach = (length_px - 1) / 2 * np.array([np.cos(angle), np.sin(angle)])
    middle = np.array([(length_px - 1) / 2] * 2)
    cv2.line(kernel, (middle - reach).round().astype(int).tolist(), (middle + reach).round().astype(int).tolist(), 1.0)
    return kernel / max(1.0, float(kernel.sum()))
