"""The transform: the pixels it changes, and the data it keeps."""

from fractions import Fraction

import numpy as np
import pytest
from camweave_example.sepia import Sepia, SepiaAttributes
from pydantic import ValidationError

from cameras import Frame, Pixels


def grey(level: int) -> Frame:
    return Frame(Pixels.from_bgr(np.full((2, 4, 3), level, np.uint8)), 7, Fraction(1, 30), 0.0)


@pytest.mark.parametrize(("strength", "pixel"), [(1.0, [93, 120, 135]), (0.0, [100, 100, 100]), (0.5, [96, 110, 117])])
def test_grey_becomes_brown(strength: float, pixel: list[int]) -> None:
    frame = grey(100)
    out = Sepia(SepiaAttributes(strength=strength), {}).apply(frame)
    assert out.image[1, 3].tolist() == pixel
    assert frame.image[1, 3].tolist() == [100, 100, 100]
    assert out.pts == 7


def test_white_stays_within_its_range() -> None:
    assert Sepia(SepiaAttributes(), {}).apply(grey(255)).image[0, 0].tolist() == [238, 255, 255]


def test_a_strength_out_of_range_is_refused() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        SepiaAttributes(strength=2)
