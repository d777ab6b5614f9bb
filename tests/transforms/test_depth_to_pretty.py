from __future__ import annotations

import colorsys

import numpy as np

from tests.harness import through
from tests.transforms.depths import deep
from tests.transforms.pictures import DOG
from transforms import NoAttributes
from transforms.depth_to_pretty import DepthToPretty


def hue(bgr: object) -> float:
    blue, green, red = np.asarray(bgr, float) / 255
    found, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    assert (saturation, value) == (1.0, 1.0)
    return 360 * found


def test_hues_go_from_orange_for_near_to_blue_for_far() -> None:
    frame = deep([[1000, 2000, 3000, 0]], annotations=(DOG,))
    out = through(DepthToPretty(NoAttributes(), {}), frame)[0]
    near, middle, far, unknown = out.image[0]
    assert [round(hue(color)) for color in (near, far)] == [30, 230]
    assert abs(hue(middle) - 130) < 1
    assert unknown.tolist() == [0, 0, 0]
    assert (out.annotations, out.depth is frame.depth, out.intrinsics) == ((DOG,), True, frame.intrinsics)


def test_each_frame_has_its_own_range() -> None:
    one, other = through(DepthToPretty(NoAttributes(), {}), deep([[100, 200]]), deep([[100, 65_535]]))
    np.testing.assert_array_equal(one.image, other.image)


def test_every_step_is_another_hue() -> None:
    out = through(DepthToPretty(NoAttributes(), {}), deep([range(1000, 1101)]))[0]
    hues = [hue(color) for color in out.image[0]]
    assert hues == sorted(hues) and len(set(hues)) == 101
    np.testing.assert_allclose(hues, np.linspace(30, 230, 101), atol=0.7)
