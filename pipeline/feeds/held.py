"""The last picture of a feed that has stopped, in a twentieth of the memory of its frame."""

from __future__ import annotations

import cv2
import numpy as np

from cameras import CodedPicture, Frame, Image, Pixels

from .painter import Painter

QUALITY = 90


class HeldPicture:
    """The picture of a frame as JPEG, clean and painted, without its depth and its annotations.

    Args:
        frame: The last frame of a run.
        painter: Paints its annotations.
    """

    def __init__(self, frame: Frame, painter: Painter) -> None:
        self._clean = _encoded(frame.image)
        self._painted = _encoded(painter.painted(frame).image) if frame.annotations else self._clean
        self._time = (frame.pts, frame.time_base, frame.captured_at, frame.sequence)

    def frame(self, annotations: bool) -> Frame:
        """Return the frame of the picture, with or without the annotations painted."""
        data = np.frombuffer(self._painted if annotations else self._clean, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert image is not None, "a picture that this process has encoded"
        pts, time_base, captured_at, sequence = self._time
        return Frame(Pixels.from_bgr(image.astype(np.uint8, copy=False)), pts, time_base, captured_at, sequence)


class HeldCodedPicture:
    """A key frame as it came, which is decoded only when it is asked for; without annotations.

    Args:
        picture: The key frame.
    """

    def __init__(self, picture: CodedPicture) -> None:
        self._picture = picture

    def frame(self, annotations: bool) -> Frame | None:
        """Return the frame of the picture; ``None`` if it cannot be decoded."""
        pixels = self._picture.decoded()
        return None if pixels is None else self._picture.frame(pixels)


def _encoded(image: Image) -> bytes:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise RuntimeError(f"a picture of {image.shape[1]} x {image.shape[0]} could not be encoded")
    return data.tobytes()
