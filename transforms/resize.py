"""Resize the frame."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal, Self

import cv2
from pydantic import Field, model_validator

from cameras import Attributes, Depth, Frame, Image, Intrinsics, Movement, Pixels

from .base import Transform, read_only

MAX_SIDE_PX = 16_384  # the longest side that H.264 and JPEG decoders commonly accept

Interpolation = Literal["nearest", "linear", "area", "cubic"]

_METHODS: dict[Interpolation, int] = {
    "nearest": cv2.INTER_NEAREST_EXACT,  # plain INTER_NEAREST samples the upper left corner: half a pixel off
    "linear": cv2.INTER_LINEAR,
    "area": cv2.INTER_AREA,
    "cubic": cv2.INTER_CUBIC,
}


class ResizeAttributes(Attributes):
    """Attributes of ``type: resize`` in the YAML."""

    width_px: int | None = Field(
        default=None, ge=1, le=MAX_SIDE_PX, description="New width; by default from the height and the aspect ratio."
    )
    height_px: int | None = Field(
        default=None, ge=1, le=MAX_SIDE_PX, description="New height; by default from the width and the aspect ratio."
    )
    interpolation: Interpolation = Field(
        default="linear",
        description="Interpolation: nearest, linear, area (best for shrinking, slow) or cubic.",
    )

    @model_validator(mode="after")
    def _one_side_is_given(self) -> Self:
        if self.width_px is None and self.height_px is None:
            raise ValueError("width_px or height_px must be given")
        return self


class Resize(Transform[ResizeAttributes]):
    """Resize each frame.

    Frames: another size, the same time. Boxes are fractions and stay. Depth takes the nearest value (a mean of near and
    far would be a surface that does not exist); intrinsics scale with the picture.
    """

    type_name: ClassVar[str] = "resize"
    attributes_type = ResizeAttributes
    exchangeable = ("width_px", "height_px", "interpolation")

    def apply(self, frame: Frame) -> Frame:
        """Return the frame in the new size; the same frame when it already has that size."""
        width, height = self._size(frame)
        if (width, height) == (frame.width, frame.height):
            return frame
        return frame.moved(
            self._pixels(frame.pixels, width, height),
            _STAY,
            depth=None if frame.depth is None else _depth(frame.depth, width, height),
            intrinsics=None if frame.intrinsics is None else _intrinsics(frame.intrinsics, width, height),
        )

    def _size(self, frame: Frame) -> tuple[int, int]:
        width, height = self.attributes.width_px, self.attributes.height_px
        if width is None:
            assert height is not None
            width = min(max(round(frame.width * height / frame.height), 1), MAX_SIDE_PX)
        if height is None:
            height = min(max(round(frame.height * width / frame.width), 1), MAX_SIDE_PX)
        return width, height

    def _pixels(self, pixels: Pixels, width: int, height: int) -> Pixels:
        if pixels.born_yuv and width % 2 == 0 and height % 2 == 0:
            y, u, v = pixels.yuv
            half = (width // 2, height // 2)
            return Pixels.from_yuv(
                self._image(y, (width, height)), self._image(u, half), self._image(v, half), pixels.matrix
            )
        return Pixels.from_bgr(self._image(pixels.bgr, (width, height)))

    def _image(self, image: Image, size: tuple[int, int]) -> Image:
        resized: Image = read_only(cv2.resize(image, size, interpolation=_METHODS[self.attributes.interpolation]))
        return resized


# Boxes and points are in fractions, and a mask covers the whole frame whatever its size.
_STAY = Movement(box=lambda box: box, mask=lambda mask: mask, points=lambda points: points)


def _depth(depth: Depth, width: int, height: int) -> Depth:
    resized: Depth = read_only(cv2.resize(depth, (width, height), interpolation=cv2.INTER_NEAREST_EXACT))
    return resized


def _intrinsics(known: Intrinsics, width: int, height: int) -> Intrinsics:
    across, down = width / known.width_px, height / known.height_px
    return dataclasses.replace(
        known,
        width_px=width,
        height_px=height,
        fx=known.fx * across,
        fy=known.fy * down,
        ppx=known.ppx * across,
        ppy=known.ppy * down,
    )
