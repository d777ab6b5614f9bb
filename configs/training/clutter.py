"""Backgrounds without any of the shapes, in which a model must learn to find nothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cameras.pattern.shapes import Canvas

Floats = NDArray[np.float32]
Color = NDArray[np.float64]


def muted_color(random: np.random.Generator) -> Color:
    """Return a colour as of walls, wood and clothes, sometimes a strong one."""
    gray = random.uniform(15, 240)
    return np.asarray(np.clip(gray + random.normal(0, 14 if random.uniform() < 0.75 else 70, 3), 0, 255), np.float64)


def skin_color(random: np.random.Generator) -> Color:
    """Return any colour of skin, as BGR."""
    return np.asarray(np.array((118, 146, 196)) * random.uniform(0.3, 1.2) + random.normal(0, 8, 3), np.float64)


def clutter(width_px: int, height_px: int, random: np.random.Generator) -> Canvas:
    """Return a cluttered background: gradients, clouds, bars, bows, bodies, writing; some of it blurred."""
    image = _ground(width_px, height_px, random)
    for _ in range(int(random.integers(0, 26) if random.uniform() < 0.85 else 60)):
        _OBJECTS[random.integers(len(_OBJECTS))](image, random)
    if random.uniform() < 0.25:
        blob(image, random, skin_color(random), size=random.uniform(0.15, 0.35))
    if random.uniform() < 0.45:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.6, 5.0)), np.float32)
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def blob(image: Floats, random: np.random.Generator, color: Color, size: float) -> None:
    """Paint an irregular blob, about ``size`` of the picture across."""
    height_px, width_px = image.shape[:2]
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radii = np.ones_like(angles)
    for wave in range(2, 7):
        radii += random.normal(0, 0.5 / wave) * np.cos(wave * angles + random.uniform(0, 6.3))
    stretch = np.exp(random.choice((-1, 1)) * random.uniform(0.3, 0.9))
    points = np.stack([np.cos(angles) * radii * stretch, np.sin(angles) * radii / stretch], axis=1)
    middle = random.uniform(0, 1, 2) * (width_px, height_px)
    _fill(image, points * size * min(width_px, height_px) + middle, color, random)


def _ground(width_px: int, height_px: int, random: np.random.Generator) -> Floats:
    one, other = muted_color(random), muted_color(random)
    direction = random.uniform(0, 2 * np.pi)
    x, y = np.linspace(-0.5, 0.5, width_px), np.linspace(-0.5, 0.5, height_px)
    slope = np.clip(0.5 + np.cos(direction) * x[None, :] + np.sin(direction) * y[:, None], 0, 1)[:, :, None]
    image = np.asarray(one + (other - one) * slope * random.uniform(0, 1), np.float32)
    strength = random.uniform(0, 45) if random.uniform() < 0.7 else 0.0
    for cells in (3, 7, 17, 40):
        grid = random.normal(0, 1, (cells, cells, 3 if random.uniform() < 0.3 else 1)).astype(np.float32)
        layer = cv2.resize(grid, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
        image += layer.reshape(height_px, width_px, -1) * strength
        strength *= random.uniform(0.3, 0.9)
    return image


def _fill(image: Floats, points: NDArray[np.float64], color: Color, random: np.random.Generator) -> None:
    mask: Canvas = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [(points * 16).round().astype(np.int32)], 255, cv2.LINE_AA, 4)
    if random.uniform() < 0.25:
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), random.uniform(0.8, 4)), np.uint8)
    x, y, width, height = cv2.boundingRect(mask)
    part = image[y : y + height, x : x + width]
    cover = np.asarray(mask[y : y + height, x : x + width, None], np.float32) / 255
    slope = np.linspace(1, random.uniform(0.6, 1.4), max(1, height), dtype=np.float32)[:, None, None]
    part += cover * (np.asarray(color, np.float32) * slope[:height] - part)


def _place(image: Floats, random: np.random.Generator) -> NDArray[np.float64]:
    return random.uniform(-0.05, 1.05, 2) * (image.shape[1], image.shape[0])


def _turned(points: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    turned: NDArray[np.float64] = points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return turned


def _bar(image: Floats, random: np.random.Generator) -> None:
    """Paint a rectangle that is far from square: a frame, a book, a shelf, a door."""
    long = image.shape[0] * random.uniform(0.1, 0.9)
    wide = long / random.uniform(1.7, 9)
    corners = np.array([(-long, -wide), (long, -wide), (long, wide), (-long, wide)]) / 2
    angle = random.uniform(0, np.pi)
    if random.uniform() < 0.6:
        angle = random.choice((0.0, np.pi / 2)) + random.normal(0, 0.06)
    _fill(image, _turned(corners, angle) + _place(image, random), muted_color(random), random)


def _bow(image: Floats, random: np.random.Generator) -> None:
    """Draw part of an ellipse, or a long thin one."""
    axes = (image.shape[0] * random.uniform(0.05, 0.4, 2)).astype(int)
    start = random.uniform(0, 360)
    sweep = random.uniform(30, 200)
    center = _place(image, random).astype(int).tolist()
    width_px, angle = int(random.integers(1, 6)), random.uniform(0, 360)
    color = muted_color(random).tolist()
    cv2.ellipse(image, center, axes.tolist(), angle, start, start + sweep, color, width_px, cv2.LINE_AA)


def _long_ellipse(image: Floats, random: np.random.Generator) -> None:
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    long = image.shape[0] * random.uniform(0.05, 0.3)
    wide = long / random.uniform(1.8, 5)
    points = np.stack([long * np.cos(angles), wide * np.sin(angles)], axis=1)
    _fill(image, _turned(points, random.uniform(0, np.pi)) + _place(image, random), muted_color(random), random)


def _lines(image: Floats, random: np.random.Generator) -> None:
    """Draw some lines side by side: blinds, edges, cables."""
    start, way = _place(image, random), random.normal(0, image.shape[0] * 0.4, 2)
    step = random.normal(0, image.shape[0] * 0.04, 2)
    color, width_px = muted_color(random).tolist(), int(random.integers(1, 5))
    for number in range(int(random.integers(1, 7))):
        low = (start + step * number).astype(int).tolist()
        cv2.line(image, low, (start + step * number + way).astype(int).tolist(), color, width_px, cv2.LINE_AA)


def _shard(image: Floats, random: np.random.Generator) -> None:
    """Paint an irregular polygon with five to eight corners."""
    count = int(random.integers(5, 9))
    angles = np.sort(random.uniform(0, 2 * np.pi, count))
    radii = image.shape[0] * random.uniform(0.04, 0.3) * random.uniform(0.3, 1.2, count)
    points = np.stack([radii * np.cos(angles) * random.uniform(1.3, 2.2), radii * np.sin(angles)], axis=1)
    _fill(image, _turned(points, random.uniform(0, np.pi)) + _place(image, random), muted_color(random), random)


def _lump(image: Floats, random: np.random.Generator) -> None:
    blob(image, random, muted_color(random), size=random.uniform(0.03, 0.25))


def _writing(image: Floats, random: np.random.Generator) -> None:
    letters = "".join(chr(random.integers(97, 123)) for _ in range(int(random.integers(2, 12))))
    letters = letters.translate(str.maketrans("ox", "ae"))  # a letter o is a circle, an x a cross
    place = _place(image, random).astype(int).tolist()
    scale = image.shape[0] / 240 * random.uniform(0.3, 2.0)
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.putText(mask, letters, place, int(random.integers(0, 8)), scale, 255, int(random.integers(1, 4)), cv2.LINE_AA)
    image += np.asarray(mask[:, :, None], np.float32) / 255 * (muted_color(random).astype(np.float32) - image)


_OBJECTS = (_bar, _bar, _bar, _bow, _bow, _long_ellipse, _lines, _lines, _shard, _lump, _lump, _writing)
