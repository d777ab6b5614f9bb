"""Encode the frames of one camera as JPEG pictures, once for all who want the same size, rate and quality."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, cast

import cv2

from cameras import Frame, Image

from .codecs import CLOCK_RATE

JPEG_QUALITY = 90

_TICK = Fraction(1, CLOCK_RATE)


@dataclass(frozen=True)
class JpegOptions:
    """What a stream of pictures is like.

    Attributes:
        width: Width in pixels that a wider picture is scaled to, with its proportions; ``None`` keeps its size.
        frame_rate: Most pictures per second; ``None`` for all.
        quality: From 1 to 100.
    """

    width: int | None = None
    frame_rate: float | None = None
    quality: int = JPEG_QUALITY


@dataclass(frozen=True)
class JpegPacket:
    """An encoded picture with its time in ticks of the RTP clock."""

    data: bytes
    pts: int
    is_keyframe: ClassVar[bool] = True

    def __bytes__(self) -> bytes:
        return self.data


class JpegEncoder:
    """Encodes frames as JPEG, with the interface of ``VideoEncoder``.

    Attributes:
        size: Width and height of the last picture in pixels; ``None`` before the first one.
    """

    def __init__(self, options: JpegOptions) -> None:
        self.size: tuple[int, int] | None = None
        self._options = options
        self._last: int | None = None

    def encode(self, frame: Frame, *, key: bool = False, later_s: float = 0.0) -> list[JpegPacket]:
        """Return the picture of a frame; ``later_s`` is added to its time.

        Raises:
            RuntimeError: OpenCV cannot encode the picture.
        """
        image = narrowed(frame.image, self._options.width)
        self.size = image.shape[1], image.shape[0]
        ticks = round(frame.pts * frame.time_base / _TICK) + round(later_s * CLOCK_RATE)
        self._last = ticks if self._last is None else max(ticks, self._last + 1)
        return [JpegPacket(jpeg_of(image, self._options.quality), self._last)]


def jpeg_of(image: Image, quality: int = JPEG_QUALITY) -> bytes:
    """Return a picture (height, width, 3) uint8 BGR as a JPEG file without metadata.

    Raises:
        RuntimeError: OpenCV cannot encode it.
    """
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise RuntimeError(f"a picture of {image.shape[1]} x {image.shape[0]} could not be encoded as JPEG")
    return data.tobytes()


def narrowed(image: Image, width: int | None) -> Image:
    """Return a picture scaled to a width, with its proportions; unchanged if it is not wider, or without one."""
    height_before, width_before = image.shape[:2]
    if width is None or width >= width_before:
        return image
    height = max(round(height_before * width / width_before), 1)
    return cast(Image, cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
