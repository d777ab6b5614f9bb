"""Each picture is painted once, and only the newest paintings are kept."""

from fractions import Fraction

import numpy as np

from cameras import Classification, Frame, Pixels
from pipeline.feeds.meters import Counters
from pipeline.feeds.painter import KEPT, Painter
from transforms import Style


def standing(pixels: Pixels, pts: int, label: str) -> Frame:
    return Frame(pixels, pts, Fraction(1, 10), 1000.0 + pts, annotations=(Classification(label, 0.9),))


def test_frames_of_one_picture_share_a_painting_and_keep_their_time() -> None:
    counters = Counters()
    painter = Painter(Style(), counters)
    pixels = Pixels.from_bgr(np.zeros((120, 160, 3), np.uint8))
    first, second = (painter.painted(standing(pixels, pts, "star")) for pts in (1, 2))
    assert first.pixels is second.pixels
    assert (first.pts, second.pts, second.captured_at) == (1, 2, 1002.0)
    assert counters["painted"] == 1


def test_only_the_newest_paintings_are_kept() -> None:
    counters = Counters()
    painter = Painter(Style(), counters)
    pixels = Pixels.from_bgr(np.zeros((120, 160, 3), np.uint8))
    for number in range(10):
        painter.painted(standing(pixels, number, f"star {number}"))
    assert len(painter._painted) == KEPT
    assert counters["painted"] == 10


def test_forget_drops_the_paintings() -> None:
    counters = Counters()
    painter = Painter(Style(), counters)
    frame = standing(Pixels.from_bgr(np.zeros((120, 160, 3), np.uint8)), 1, "star")
    painter.painted(frame)
    painter.forget()
    painter.painted(frame)
    assert counters["painted"] == 2
