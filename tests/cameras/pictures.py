"""Generated pictures for tests."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

CORNERS: tuple[tuple[int, int, int], ...] = ((0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255))
"""The colours (BGR) of :func:`corners`: above left, above right, below left, below right."""


def corners() -> NDArray[np.uint8]:
    """Return a picture of 60 x 40 with a red, a green, a blue and a white quarter."""
    image = np.empty((40, 60, 3), np.uint8)
    image[:20, :30], image[:20, 30:], image[20:, :30], image[20:, 30:] = CORNERS
    return image


def encoded(extension: str, image: NDArray[Any]) -> bytes:
    """Return a picture (BGR) as a file of the kind that has an extension."""
    if extension == ".gif":  # which OpenCV writes only in its newest versions
        return pillow_bytes(PillowImage.fromarray(image[:, :, ::-1]), "GIF")
    done, data = cv2.imencode(extension, image)
    assert done
    return data.tobytes()


def pillow_bytes(picture: PillowImage.Image, format: str, **options: Any) -> bytes:
    """Return a picture as a file of a kind that OpenCV does not write."""
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()
