from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.harness import through
from tests.transforms.depths import deep
from tests.transforms.pictures import DOG
from transforms import NoAttributes
from transforms.depth_preprocess import DepthPreprocess


def cleaned(depth: Any) -> Any:
    out = through(DepthPreprocess(NoAttributes(), {}), deep(depth))[0]
    assert out.depth is not None and out.depth.dtype == np.uint16
    return out.depth


def test_the_picture_stays() -> None:
    frame = deep(np.full((40, 40), 900), annotations=(DOG,))
    out = through(DepthPreprocess(NoAttributes(), {}), frame)[0]
    assert out.pixels is frame.pixels
    assert (out.annotations, out.intrinsics) == ((DOG,), frame.intrinsics)


def test_small_holes_are_filled_and_large_ones_stay() -> None:
    depth = np.full((100, 100), 900)
    depth[10:14, 10:14] = 0
    depth[40:70, 40:70] = 0
    found = cleaned(depth)
    assert (found[10:14, 10:14] == 900).all()
    assert (found[45:65, 45:65] == 0).all()


def test_a_thin_tip_is_cut() -> None:
    depth = np.full((100, 100), 3000)
    depth[50, 20:80] = 3300
    assert (cleaned(depth) == 3000).all()


@pytest.mark.parametrize(("distance", "kept"), [(400, False), (2000, False), (5000, True)])
def test_an_isolated_patch_is_noise_unless_it_is_far(distance: int, kept: bool) -> None:
    depth = np.zeros((200, 200))
    depth[:, :100] = 1000
    depth[60:70, 150:160] = distance  # 100 of 40 000 pixels: 0.25 %
    found = cleaned(depth)
    assert (found[65, 155] == distance) is np.bool_(kept)
    assert (found[100, 50]) == 1000


def test_unknown_depth_stays_unknown() -> None:
    assert cleaned(np.zeros((30, 30))).max() == 0
