"""The frames of a clip as a camera gives them."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from cameras import Frame, Matrix, Pixels

from ..measuring import RATE

NUMBER = 90


def of_clip(path: Path) -> list[Frame]:
    """Return the first frames of a video, at most ``NUMBER``, born as planes and ``1 / RATE`` s apart."""
    frames = []
    with av.open(str(path)) as container:
        for pts, picture in enumerate(itertools.islice(container.decode(video=0), NUMBER)):
            planes = np.asarray(picture.to_ndarray(format="yuv420p"), np.uint8)
            height, width = picture.height, picture.width
            luma, chroma = planes[:height], planes[height:].reshape(2, height // 2, width // 2)
            pixels = Pixels.from_yuv(luma, chroma[0], chroma[1], Matrix.BT601)
            frames.append(Frame(pixels, pts, Fraction(1, RATE), pts / RATE, pts))
    return frames
