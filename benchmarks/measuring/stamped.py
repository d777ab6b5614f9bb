"""Pictures that show when they were taken, for the time from there to a screen."""

from __future__ import annotations

import itertools
import time

import numpy as np
from numpy.typing import NDArray

from cameras.pattern.ribbon import NUMBERS, draw_frame_number, read_frame_number

from .clips import pictures

WIDTH_PX, HEIGHT_PX = 1280, 720
RATE = 29
"""Frames per second. Screens show 60: the distance of a frame to the next refresh takes all values in half a second."""
_DIFFERENT = 60
_PER_S = 10_000
"""Steps of the time in the pictures; it starts again after 28 minutes."""


class Stamped:
    """A camera: moving shapes, and the time in the pixels of each picture."""

    def __init__(self) -> None:
        self._pictures = itertools.cycle(list(pictures(WIDTH_PX, HEIGHT_PX, _DIFFERENT)))
        self._began_s = time.monotonic()
        self._number = 0

    def wait_s(self) -> float:
        """Return the seconds until the next picture is due."""
        return self._began_s + self._number / RATE - time.monotonic()

    def take(self) -> NDArray[np.uint8]:
        """Return the next picture, (720, 1280, 3) in BGR and the caller's, with the present time."""
        # Those that were missed are left out.
        self._number = max(self._number + 1, int((time.monotonic() - self._began_s) * RATE))
        picture = next(self._pictures).copy()
        draw_frame_number(picture, stamp(time.time()))
        return picture


def stamp(at: float) -> int:
    """Return a wall-clock time as the pictures show it."""
    return int(at * _PER_S) % NUMBERS


def age_ms(bottom: NDArray[np.uint8], at: float) -> float | None:
    """Return how old a picture is.

    Args:
        bottom: Its last rows, (at least 8, width, 3) in BGR.
        at: The wall-clock time.

    Returns:
        Milliseconds, negative for a picture of later; None if its time cannot be read.
    """
    taken = read_frame_number(bottom)
    if taken is None:
        return None
    steps = (int(at * _PER_S) - taken + NUMBERS // 2) % NUMBERS - NUMBERS // 2
    return steps / (_PER_S / 1000)
