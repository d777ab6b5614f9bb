"""The vision service that detects areas of one colour, without a model."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from cameras import Attributes, Detection, Frame, Mask, Prediction

from .base import Predictor, Session, VisionService
from .components import area_boxes

HUES = (
    "red", "orange", "yellow", "lime-green", "green", "green-blue",
    "cyan", "light-blue", "blue", "violet", "magenta", "rose",
)  # fmt: skip
"""Default labels: names of hues, 30 degrees each, red around 0."""

_SATURATION, _VALUE, _SEGMENT_SIZE_PX = 0.2, 0.3, 5000
_BAND_PX = 1 << 16
"""Pixels of a band, so that what is computed for it stays in the processor's cache: that takes half the time."""


class ColorDetectorAttributes(Attributes):
    """Attributes of ``model: color_detector`` in the YAML."""

    detect_color: str = Field(description='Colour to detect, as "#RRGGBB"; not grey, and not too dark.')
    hue_tolerance_pct: float = Field(
        gt=0, le=1, description="Accepted share of the hue circle, half of it to either side; 1 is any hue."
    )
    saturation_cutoff_pct: float = Field(
        _SATURATION, ge=0, le=1, description="Lowest saturation of a matching pixel; 0 means 0.2."
    )
    value_cutoff_pct: float = Field(
        _VALUE, ge=0, le=1, description="Lowest value (brightest channel) of a matching pixel; 0 means 0.3."
    )
    segment_size_px: int = Field(
        _SEGMENT_SIZE_PX, ge=0, description="Smallest area of a box, in pixels of the picture; 0 means 5000."
    )
    label: str | None = Field(None, description="Label of the detections; default: the name of the hue.")
    camera_name: str | None = Field(None, description="Camera to use when a client names none.")

    @field_validator("detect_color", mode="before")
    @classmethod
    def _in_quotes(cls, value: Any) -> Any:
        if value is None:
            raise ValueError('must be a colour in quotes, as "#RRGGBB": without quotes YAML reads # as a comment')
        return value

    @field_validator("detect_color")
    @classmethod
    def _six_digits(cls, value: str) -> str:
        if re.fullmatch("#[0-9A-Fa-f]{6}", value) is None:
            raise ValueError(f'must be a colour as "#RRGGBB", got {value!r}')
        return value

    @model_validator(mode="after")
    def _detectable(self) -> Self:
        _, saturation, value = self.hsv
        for what, name, actual, cutoff in (
            ("grey", "saturation", saturation, self.saturation_cutoff),
            ("dark", "value", value, self.value_cutoff),
        ):
            if actual < cutoff:
                raise ValueError(
                    f"detect_color {self.detect_color} is too {what} to detect: its {name} is {actual:.3f}, "
                    f"less than {name}_cutoff_pct {cutoff:g}"
                )
        return self

    @property
    def hsv(self) -> tuple[float, float, float]:
        """Hue in degrees, saturation and value of the colour."""
        red, green, blue = (int(self.detect_color[index : index + 2], 16) / 255 for index in (1, 3, 5))
        hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
        return hue * 360, saturation, value

    @property
    def saturation_cutoff(self) -> float:
        """The cutoff, with the default applied."""
        return self.saturation_cutoff_pct or _SATURATION

    @property
    def value_cutoff(self) -> float:
        """The cutoff, with the default applied."""
        return self.value_cutoff_pct or _VALUE


class ColorDetector(VisionService[ColorDetectorAttributes]):
    """A detector of connected areas of one colour; confidence 1, largest box first, at most 10,000.

    Pixels connect by their edges, not by their corners.
    """

    model_name: ClassVar[str] = "color_detector"
    may_hang: ClassVar[bool] = False
    attributes_type = ColorDetectorAttributes

    @classmethod
    def default_camera(cls, attributes: ColorDetectorAttributes) -> str | None:
        """Return ``camera_name``."""
        return attributes.camera_name

    def _load(self) -> None:
        self.labels = (self.label,)

    def _release(self) -> None:
        pass

    @property
    def label(self) -> str:
        """The label of its detections."""
        return self.attributes.label or HUES[int(self.attributes.hsv[0] % 360 + 15) // 30 % len(HUES)]

    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        return {Detection: self._detect}

    def _detect(self, frame: Frame, session: Session) -> tuple[Detection, ...]:
        area_min_px = self.attributes.segment_size_px or _SEGMENT_SIZE_PX
        with session.inference():
            boxes = area_boxes(frame.image, self._test.mask, area_min_px)
        return tuple(Detection(self.label, 1.0, box=box) for box in boxes)

    @cached_property
    def _test(self) -> ColorTest:
        attributes = self.attributes
        hue, tolerance = attributes.hsv[0], attributes.hue_tolerance_pct
        return ColorTest(hue, tolerance, attributes.saturation_cutoff, attributes.value_cutoff)


class ColorTest:
    """A test of pixels for a range of hues, by linear functions of 8-bit channels.

    A hue is a direction in the plane perpendicular to the grey axis, so a range of hues is a wedge there. A pixel is in
    the wedge if it is on the inner side of both edges, and the side is the sign of a weighted sum of its channels.

    Args:
        hue: The middle of the range, in degrees.
        tolerance: Width of the range, as a share of the hue circle.
        saturation: Lowest saturation.
        value: Lowest value.
    """

    def __init__(self, hue: float, tolerance: float, saturation: float, value: float) -> None:
        self._tolerance = tolerance
        low, high = _across(hue - tolerance * 180), _across(hue + tolerance * 180)
        # Channel 0 is positive for pixels before the range, channel 1 for pixels after it; channel 2 is always 0.
        beyond = np.stack([-_side_of(low), _side_of(high), np.zeros(3)])
        # Scaled to the maximum of OpenCV's fixed-point arithmetic, so that rounding does not lose half a level.
        self._beyond = (beyond * (31 / np.abs(beyond).max())).astype(np.float32)
        # Smallest difference between the channels of a pixel, by its brightest one; grey has no hue.
        brightest = np.arange(256)
        least = np.maximum(np.ceil(brightest * saturation - 1e-6), 1)
        self._least = np.where(brightest >= value * 255 - 1e-6, least, 255).astype(np.uint8)
        self._least[0] = 255

    def mask(self, image: NDArray[np.uint8]) -> Mask:
        """Return a mask of a BGR picture: 255 where a pixel matches, 0 elsewhere."""
        height, width = image.shape[:2]
        rows = max(_BAND_PX // width, 1)
        if height <= rows:
            return self._mask(image)
        found = np.empty((height, width), np.uint8)
        for top in range(0, height, rows):
            found[top : top + rows] = self._mask(image[top : top + rows])
        return found

    def _mask(self, image: NDArray[np.uint8]) -> Mask:
        blue, green, red = cv2.split(image)
        brightest = cv2.max(cv2.max(blue, green), red)
        difference = cv2.subtract(brightest, cv2.min(cv2.min(blue, green), red))
        found = cv2.compare(difference, cv2.LUT(brightest, self._least), cv2.CMP_GE)
        if self._tolerance < 1:
            before, behind, _ = cv2.split(cv2.transform(image, self._beyond))
            # Pixels are outside a range of more than half the circle only if they are beyond both edges.
            outside = cv2.max(before, behind) if self._tolerance <= 0.5 else cv2.min(before, behind)
            _, inside = cv2.threshold(outside, 0, 255, cv2.THRESH_BINARY_INV)
            found = cv2.bitwise_and(found, inside)
        return np.asarray(found, np.uint8)


def _across(hue: float) -> NDArray[np.float64]:
    """Return the direction of a hue in the plane perpendicular to the grey axis."""
    red, green, blue = colorsys.hsv_to_rgb(hue / 360 % 1, 1, 1)
    across: NDArray[np.float64] = _PLANE @ (blue, green, red)
    return across


def _side_of(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights of (blue, green, red) whose sum is positive for hues up to 180 degrees after a direction."""
    weights: NDArray[np.float64] = direction[0] * _PLANE[1] - direction[1] * _PLANE[0]
    return weights


_PLANE = np.array([(-0.5, -0.5, 1.0), (-(0.75**0.5), 0.75**0.5, 0.0)])
