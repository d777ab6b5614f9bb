"""A synthetic camera: a bright spot moves over a gradient."""

from __future__ import annotations

import time
from fractions import Fraction
from threading import Event
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cameras import Attributes, Camera, CameraError, Frame, Mark, Pixels

PERIOD = 120
"""Number of frames in which the spot crosses the picture."""


class GradientAttributes(Attributes):
    """Attributes of ``model: gradient`` in the YAML."""

    width_px: int = Field(640, ge=64, le=4096, description="Width of the picture.")
    height_px: int = Field(360, ge=64, le=4096, description="Height of the picture.")
    frame_rate: int = Field(30, ge=1, le=120, description="Frames per second.")


class Gradient(Camera[GradientAttributes]):
    """Produces frames in real time or, with ``paced=False``, as fast as they are read."""

    model_name: ClassVar[str] = "gradient"
    attributes_type = GradientAttributes

    def __init__(self, name: str, attributes: GradientAttributes, *, paced: bool = True) -> None:
        super().__init__(name, attributes, paced=paced)
        self._closed = Event()
        self._closed.set()
        self._next = 0
        self._opened_s = 0.0

    @property
    def frame_rate(self) -> float:
        """Frames per second as declared."""
        return self.attributes.frame_rate

    def open(self) -> None:
        """Start with the first frame."""
        self._closed.clear()
        self._next = 0
        self._opened_s = time.monotonic()

    def read(self) -> Frame:
        """Wait until the next frame is due and return it.

        Raises:
            CameraError: The camera is closed, possibly during the wait.
        """
        number, rate = self._next, self.attributes.frame_rate
        if self.paced:
            elapsed_s = time.monotonic() - self._opened_s
            number = max(number, int(elapsed_s * rate))  # frames whose time has passed are skipped
            self._closed.wait(max(number / rate - elapsed_s, 0.0))
        if self._closed.is_set():
            raise CameraError("closed")
        self._next = number + 1
        return Frame(
            Pixels.from_bgr(picture(number, self.attributes.width_px, self.attributes.height_px)),
            pts=number,
            time_base=Fraction(1, rate),
            captured_at=time.time(),
            trace=(Mark("captured", time.monotonic()),),
        )

    def close(self) -> None:
        """Close the camera; a ``read`` that waits in another thread raises an error."""
        self._closed.set()


def picture(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture as a new array: BGR, shape (height, width, 3), uint8."""
    row = np.linspace(0, 160, width).astype(np.uint8)
    image = np.empty((height, width, 3), np.uint8)
    image[:] = row[None, :, None]
    center = (width * (number % PERIOD) // PERIOD, height // 2)
    cv2.circle(image, center, height // 12, (255, 255, 255), cv2.FILLED)
    return image
