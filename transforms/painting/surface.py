"""Drawing rectangles, masks and label plates on a copy of a picture, in its original pixel format."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from cameras import Color, Image, Mask, Matrix, Pixels, Yuv, yuv_from_rgb

from .text import Typeface, typeface, width_px

_FRACTION_BITS = 4
_FRACTIONS = 1 << _FRACTION_BITS
_FAR = 32_000 * _FRACTIONS  # more overflows in OpenCV
_SHARES = np.arange(256, dtype=np.float32) / 255

Rectangle = tuple[int, int, int, int]
"""``x_min, y_min, x_max, y_max`` in pixels, the maxima excluded."""


class Line(NamedTuple):
    """Points in pixels, which a line joins; from the last back to the first if closed."""

    points: tuple[tuple[float, float], ...]
    width: int
    closed: bool = False


class Disc(NamedTuple):
    """A disc around a point, in pixels."""

    centre: tuple[float, float]
    radius: float


class Plate(NamedTuple):
    """A label ready for drawing: its text, style and size; width and height are even."""

    text: str
    size: int
    face: Typeface
    color: Color
    text_color: Color
    width: int
    height: int


class Surface(ABC):
    """A writable copy of a picture. Drawing outside of it has no effect."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height

    def fill(self, rectangle: Rectangle, color: Color) -> None:
        """Fill a rectangle."""
        x_min, y_min = max(rectangle[0], 0), max(rectangle[1], 0)
        x_max, y_max = min(rectangle[2], self.width), min(rectangle[3], self.height)
        if x_min < x_max and y_min < y_max:
            self._fill(x_min, y_min, x_max, y_max, color)

    @abstractmethod
    def _fill(self, x_min: int, y_min: int, x_max: int, y_max: int, color: Color) -> None:
        """Fill a rectangle inside the picture."""

    @abstractmethod
    def draw(self, shape: Line | Disc, color: Color) -> None:
        """Draw a line or a disc with smooth edges."""

    def tint(self, mask: Mask, color: Color, opacity: float, line_width: int) -> None:
        """Mix a color into the area of a mask, scaled to the whole picture, and draw the mask's inner edge."""
        inside = _inside(mask, self.width, self.height)
        x, y, width, height = cv2.boundingRect(inside)
        if width:
            # Only the part of the picture around the mask, on even pixels, with a margin.
            top, bottom = max(y // 2 * 2 - 2, 0), min((y + height + 1) // 2 * 2 + 2, self.height)
            left, right = max(x // 2 * 2 - 2, 0), min((x + width + 1) // 2 * 2 + 2, self.width)
            inside = inside[top:bottom, left:right]
            edge = cv2.subtract(inside, cv2.erode(inside, np.ones((2 * line_width + 1,) * 2, np.uint8)))
            self._tint(np.s_[top:bottom, left:right], inside, edge, color, opacity)

    @abstractmethod
    def _tint(self, place: Any, inside: Any, edge: Any, color: Color, opacity: float) -> None:
        """Mix a color into a part of the picture; the masks have the size of that part."""

    @abstractmethod
    def lay(self, plate: Plate, x: int, y: int) -> None:
        """Draw a plate with its upper left corner at ``x, y``: even numbers, not negative."""

    @abstractmethod
    def pixels(self) -> Pixels:
        """Return the finished picture; nothing may be drawn afterwards."""


class BgrSurface(Surface):
    """A surface over one BGR array."""

    def __init__(self, pixels: Pixels) -> None:
        super().__init__(pixels.width, pixels.height)
        self._image = pixels.bgr.copy()

    def _fill(self, x_min: int, y_min: int, x_max: int, y_max: int, color: Color) -> None:
        self._image[y_min:y_max, x_min:x_max] = color[::-1]

    def draw(self, shape: Line | Disc, color: Color) -> None:
        """Draw a line or a disc with smooth edges."""
        _draw(self._image, shape, color[::-1], 1)

    def _tint(self, place: Any, inside: Any, edge: Any, color: Color, opacity: float) -> None:
        _mix(self._image[place], inside, edge, color[::-1], opacity)

    def lay(self, plate: Plate, x: int, y: int) -> None:
        """Lay a plate."""
        place = self._image[y : y + plate.height, x : x + plate.width]
        place[:] = _bgr_plate(plate)[: place.shape[0], : place.shape[1]]

    def pixels(self) -> Pixels:
        """Return the picture drawn."""
        return Pixels.from_bgr(self._image)


class YuvSurface(Surface):
    """A surface over the planes of a YUV picture: needs no conversion and half the bytes of BGR."""

    def __init__(self, pixels: Pixels) -> None:
        super().__init__(pixels.width, pixels.height)
        self._planes = Yuv(*(plane.copy() for plane in pixels.yuv))
        self._matrix = pixels.matrix

    def _fill(self, x_min: int, y_min: int, x_max: int, y_max: int, color: Color) -> None:
        y, *chroma = _yuv(color, self._matrix)
        self._planes[0][y_min:y_max, x_min:x_max] = y
        place = np.s_[y_min // 2 : (y_max + 1) // 2, x_min // 2 : (x_max + 1) // 2]
        even = not (x_min | y_min | x_max | y_max) & 1
        for plane, value in zip(self._planes[1:], chroma, strict=True):
            if even:
                plane[place] = value
            else:  # a half-covered chroma sample takes half of the color
                share = np.outer(_coverage(y_min, y_max), _coverage(x_min, x_max))
                plane[place] = np.rint(plane[place] * (1 - share) + value * share)

    def draw(self, shape: Line | Disc, color: Color) -> None:
        """Draw a line or a disc with smooth edges."""
        for plane, value, step in zip(self._planes, _yuv(color, self._matrix), (1, 2, 2), strict=True):
            _draw(plane, shape, (value,), step)

    def _tint(self, place: Any, inside: Any, edge: Any, color: Color, opacity: float) -> None:
        top, left = place[0].start, place[1].start
        half = np.s_[top // 2 : place[0].stop // 2, left // 2 : place[1].stop // 2]
        y, u, v = _yuv(color, self._matrix)
        _mix(self._planes[0][place], inside, edge, (y,), opacity)
        size = (inside.shape[1] // 2, inside.shape[0] // 2)
        inside, edge = (cv2.resize(mask, size, interpolation=cv2.INTER_AREA) & 128 for mask in (inside, edge))
        for plane, value in zip(self._planes[1:], (u, v), strict=True):
            _mix(plane[half], inside, edge, (value,), opacity)

    def lay(self, plate: Plate, x: int, y: int) -> None:
        """Lay a plate."""
        for plane, piece, step in zip(self._planes, _yuv_plate(plate, self._matrix), (1, 2, 2), strict=True):
            place = plane[y // step : (y + plate.height) // step, x // step : (x + plate.width) // step]
            place[:] = piece[: place.shape[0], : place.shape[1]]

    def pixels(self) -> Pixels:
        """Return the picture drawn."""
        return Pixels.from_yuv(*self._planes, matrix=self._matrix)


def surface_for(pixels: Pixels) -> Surface:
    """Return a surface with a copy of a picture in its original pixel format."""
    return YuvSurface(pixels) if pixels.born_yuv else BgrSurface(pixels)


def draw_outline(surface: Surface, rectangle: Rectangle, line_width: int, color: Color) -> None:
    """Draw the inner border of a rectangle; a small one gets thinner lines, so that its middle stays visible."""
    x_min, y_min, x_max, y_max = rectangle
    line_width = max(min(line_width, (x_max - x_min) // 4, (y_max - y_min) // 4), 1)
    surface.fill((x_min, y_min, x_max, y_min + line_width), color)
    surface.fill((x_min, y_max - line_width, x_max, y_max), color)
    surface.fill((x_min, y_min + line_width, x_min + line_width, y_max - line_width), color)
    surface.fill((x_max - line_width, y_min + line_width, x_max, y_max - line_width), color)


def _draw(plane: Any, shape: Line | Disc, values: tuple[int, ...], step: int) -> None:
    """Draw a shape on a plane or a picture that has a sample for each ``step`` pixels."""
    # OpenCV's smooth edges reach half a sample too far. On a plane of colors that is right: otherwise the edges of a
    # line would have only half of its color.
    spread = 0.5 if step == 1 else 0.0
    if isinstance(shape, Disc):
        centre, radius = _fixed(shape.centre, step), round((shape.radius / step - spread) * _FRACTIONS)
        cv2.circle(plane, centre, radius, values, cv2.FILLED, cv2.LINE_AA, _FRACTION_BITS)
        return
    following = shape.points[1:] + (shape.points[:1] if shape.closed else ())
    for first, second in zip(shape.points, following, strict=False):
        corners = [_fixed(corner, step) for corner in _rectangle_around(first, second, shape.width / 2 - spread)]
        cv2.fillConvexPoly(plane, np.array(corners, np.int32), values, cv2.LINE_AA, _FRACTION_BITS)


def _rectangle_around(
    first: tuple[float, float], second: tuple[float, float], reach: float
) -> list[tuple[float, float]]:
    """Return the corners of a line: it reaches beyond its ends too, so that the corners of a polygon are closed."""
    across, down = second[0] - first[0], second[1] - first[1]
    length = math.hypot(across, down) or 1.0
    x, y = across / length * reach, down / length * reach
    (left, upper), (right, lower) = (first[0] - x, first[1] - y), (second[0] + x, second[1] + y)
    return [(left - y, upper + x), (left + y, upper - x), (right + y, lower - x), (right - y, lower + x)]


def _fixed(point: tuple[float, float], step: int) -> tuple[int, int]:
    """Return a point as OpenCV wants it: from the middle of the first sample, in fractions of a power of two."""
    x, y = round((point[0] / step - 0.5) * _FRACTIONS), round((point[1] / step - 0.5) * _FRACTIONS)
    return min(max(x, -_FAR), _FAR), min(max(y, -_FAR), _FAR)


def _inside(mask: Mask, width: int, height: int) -> Any:
    """Return a mask scaled to a picture's size, its edges smoothed: 255 inside, 0 outside."""
    if mask.shape == (height, width):
        return mask
    if mask.shape[0] < height:
        mask = cv2.GaussianBlur(mask, (3, 3), 0)  # type: ignore[assignment]
    smooth = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.threshold(smooth, 127, 255, cv2.THRESH_BINARY)[1]


def _mix(region: Any, inside: Any, edge: Any, values: tuple[int, ...], opacity: float) -> None:
    """Blend one value per channel into a part of a plane or a picture, in place."""
    solid = np.empty_like(region)
    solid[:] = np.full((*region.shape[1:2], len(values)), values, np.uint8).reshape(region.shape[1:])
    tinted = cv2.addWeighted(region, 1 - opacity, solid, opacity, 0)
    cv2.copyTo(solid, edge, tinted)
    cv2.copyTo(tinted, inside, region)


def _coverage(first: int, last: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the share of each pair of pixels that lies between two edges."""
    share = np.ones((last + 1) // 2 - first // 2)
    share[0] -= 0.5 * (first % 2)
    share[-1] -= 0.5 * (last % 2)
    return share


def plate_height(size: int) -> int:
    """Return the height of a plate for a text size; it is even."""
    return 2 * round(0.75 * size)


def plate_padding(size: int) -> int:
    """Return the padding left and right of the text on a plate."""
    return max(3, round(0.35 * size))


def plate_for(text: str, size: int, font: Path | None, color: Color, text_color: Color) -> Plate:
    """Return the plate for a text."""
    width = width_px(text, size, font) + 2 * plate_padding(size)
    return Plate(text, size, typeface(font), color, text_color, width + width % 2, plate_height(size))


@lru_cache(maxsize=1024)
def _yuv(color: Color, matrix: Matrix) -> tuple[int, int, int]:
    return yuv_from_rgb(*color, matrix)


def _letters(plate: Plate) -> Image:
    baseline = round(plate.height / 2 + 0.36 * plate.size)  # centres capitals, which are 0.7 of the size high
    return plate.face.mask(plate.text, plate.size, plate.width, plate.height, plate_padding(plate.size), baseline)


def _mixed(mask: Image, ground: int, letters: int) -> Image:
    """Return one plane of a plate: blends from the ground's value (mask 0) to the letters' value (mask 255)."""
    values = np.rint(ground + (letters - ground) * _SHARES).astype(np.uint8)
    return cv2.LUT(mask, values)  # type: ignore[return-value]


# Confidences change from frame to frame, so each label occurs with up to a hundred different texts.
@lru_cache(maxsize=512)
def _bgr_plate(plate: Plate) -> Image:
    mask = _letters(plate)
    planes = [_mixed(mask, *values) for values in zip(plate.color[::-1], plate.text_color[::-1], strict=True)]
    return np.dstack(planes)


@lru_cache(maxsize=512)
def _yuv_plate(plate: Plate, matrix: Matrix) -> tuple[Image, Image, Image]:
    mask = _letters(plate)
    half: Image = cv2.resize(mask, (plate.width // 2, plate.height // 2), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    y, u, v = zip(_yuv(plate.color, matrix), _yuv(plate.text_color, matrix), strict=True)
    return _mixed(mask, *y), _mixed(half, *u), _mixed(half, *v)
