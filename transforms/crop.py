"""Crop the frame to a window, or outline the window."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from cameras import Attributes, BoundingBox, Frame, Intrinsics, Mask, Movement, Outline, Pixels, Points, warped

from .base import Services, Transform

Window = tuple[int, int, int, int]
"""``x_min, y_min, x_max, y_max`` in whole pixels of the frame, the maxima exclusive."""


class CropAttributes(Attributes):
    """Attributes of ``type: crop`` in the YAML."""

    x_min_px: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="Left edge of the window.")
    y_min_px: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="Upper edge of the window.")
    x_max_px: float = Field(allow_inf_nan=False, description="Right edge of the window, exclusive.")
    y_max_px: float = Field(allow_inf_nan=False, description="Lower edge of the window, exclusive.")
    units: Literal["auto", "px", "fraction"] = Field(
        default="auto",
        description="Unit of the edges: pixels, or fractions of the frame. auto: fractions up to 1, else pixels.",
    )
    overlay_crop_box: bool = Field(default=False, description="Outline the window instead of cropping to it.")

    @field_validator("x_max_px", "y_max_px")
    @classmethod
    def _after_the_minimum(cls, value: float, info: ValidationInfo) -> float:
        name = f"{str(info.field_name)[0]}_min_px"
        minimum = info.data.get(name)
        if minimum is not None and value <= minimum:
            raise ValueError(f"must be greater than {name}, which is {minimum:g}, got {value:g}")
        return value

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        """Refuse a maximum below 1 beside one above: as pixels it would leave a single row or column."""
        low, high = sorted(((self.x_max_px, "x_max_px"), (self.y_max_px, "y_max_px")))
        if self.units == "auto" and low[0] < 1 < high[0]:
            raise ValueError(
                f"{low[1]}: {low[0]:g} is a fraction of the frame and {high[1]}: {high[0]:g} is in pixels; "
                "give all edges in one unit"
            )
        return self

    @model_validator(mode="after")
    def _fractions_begin_inside(self) -> Self:
        if self.fractions and max(self.x_min_px, self.y_min_px) >= 1:
            raise ValueError("x_min_px and y_min_px must be less than 1 when units is fraction")
        return self

    @property
    def fractions(self) -> bool:
        """Whether the edges are fractions of the frame."""
        return self.units == "fraction" or (self.units == "auto" and max(self.x_max_px, self.y_max_px) <= 1)

    def is_outside(self, width: int, height: int) -> bool:
        """Whether the whole window is outside a picture of this size."""
        return not self.fractions and (int(self.x_min_px) >= width or int(self.y_min_px) >= height)

    def window(self, width: int, height: int) -> Window:
        """Return the window on a picture of this size, clipped to it, at least a pixel wide and high.

        Raises:
            ValueError: when the whole window is outside.
        """
        if self.fractions:
            return BoundingBox(self.x_min_px, self.y_min_px, self.x_max_px, self.y_max_px).to_pixels(width, height)
        x_min, y_min, x_max, y_max = int(self.x_min_px), int(self.y_min_px), int(self.x_max_px), int(self.y_max_px)
        if self.is_outside(width, height):
            raise ValueError(
                f"the crop window from {x_min},{y_min} to {x_max},{y_max} px is outside the picture of {width}x{height}"
            )
        return x_min, y_min, min(max(x_max, x_min + 1), width), min(max(y_max, y_min + 1), height)


class Crop(Transform[CropAttributes]):
    """Crop each frame to the window.

    Frames: the size of the window, the same time. Detections outside the window are dropped, those across its edge
    clipped; classifications stay. Fractions refer to the size of each frame. A YUV picture stays YUV, without a copy,
    when position and size of the window are even; otherwise it becomes BGR.

    With ``overlay_crop_box`` pixels and annotations stay as they are and an outline labelled ``crop`` is attached,
    unless the whole window is outside.

    Raises:
        ValueError: from ``apply``, when the whole window is outside the frame.
    """

    type_name: ClassVar[str] = "crop"
    attributes_type = CropAttributes
    exchangeable = ("x_min_px", "y_min_px", "x_max_px", "y_max_px", "units")

    def __init__(self, attributes: CropAttributes, services: Services) -> None:
        super().__init__(attributes, services)
        self.annotates = attributes.overlay_crop_box

    def apply(self, frame: Frame) -> Frame:
        """Return the window as a frame, or the frame with the window's outline attached."""
        width, height = frame.width, frame.height
        if self.attributes.overlay_crop_box and self.attributes.is_outside(width, height):
            return frame
        window = self.attributes.window(width, height)
        x_min, y_min, x_max, y_max = window
        box = BoundingBox(x_min / width, y_min / height, x_max / width, y_max / height)
        if self.attributes.overlay_crop_box:
            return frame.with_annotations([Outline("crop", 1.0, transform=self.type_name, box=box)])
        if window == (0, 0, width, height):
            return frame

        def moved(old: BoundingBox) -> BoundingBox | None:
            across, down = width / (x_max - x_min), height / (y_max - y_min)
            new = BoundingBox(
                (old.x_min - box.x_min) * across,
                (old.y_min - box.y_min) * down,
                (old.x_max - box.x_min) * across,
                (old.y_max - box.y_min) * down,
            ).clipped()
            # A box that only touches the window may overlap it by a rounding error.
            return new if new and min(new.x_max - new.x_min, new.y_max - new.y_min) > 1e-9 else None

        def mapped(points: Points) -> Points:
            return (points - [box.x_min, box.y_min]) / [box.x_max - box.x_min, box.y_max - box.y_min]

        inverse = np.array([[box.x_max - box.x_min, 0, box.x_min], [0, box.y_max - box.y_min, box.y_min]])

        def masked(mask: Mask) -> Mask:
            rows, columns = mask.shape
            return warped(mask, inverse, max(round(columns * inverse[0, 0]), 1), max(round(rows * inverse[1, 1]), 1))

        return frame.moved(
            cut(frame.pixels, window),
            Movement(moved, masked, mapped),
            depth=None if frame.depth is None else frame.depth[y_min:y_max, x_min:x_max],
            intrinsics=None if frame.intrinsics is None else _intrinsics(frame.intrinsics, window),
        )


def cut(pixels: Pixels, window: Window) -> Pixels:
    """Return the part of a picture inside a window; YUV planes are not copied where the window is even."""
    x_min, y_min, x_max, y_max = window
    if not pixels.born_yuv:
        return Pixels.from_bgr(pixels.bgr[y_min:y_max, x_min:x_max])
    if not any(edge % 2 for edge in window):
        y, u, v = pixels.yuv
        colour = slice(y_min // 2, y_max // 2), slice(x_min // 2, x_max // 2)
        return Pixels.from_yuv(y[y_min:y_max, x_min:x_max], u[colour], v[colour], pixels.matrix)
    # Converts only the window and a margin, from which the colours at its edges are interpolated.
    left, top = _even_before(x_min), _even_before(y_min)
    around = cut(pixels, (left, top, _even_after(x_max, pixels.width), _even_after(y_max, pixels.height)))
    return Pixels.from_bgr(around.bgr[y_min - top : y_max - top, x_min - left : x_max - left])


def _even_before(edge: int) -> int:
    return max(edge // 2 * 2 - 2, 0)


def _even_after(edge: int, size: int) -> int:
    return min((edge + 1) // 2 * 2 + 2, size)


def _intrinsics(known: Intrinsics, window: Window) -> Intrinsics:
    x_min, y_min, x_max, y_max = window
    return dataclasses.replace(
        known,
        width_px=x_max - x_min,
        height_px=y_max - y_min,
        ppx=known.ppx - x_min,
        ppy=known.ppy - y_min,
    )
