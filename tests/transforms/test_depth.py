from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.harness import through
from tests.transforms.depths import deep
from tests.transforms.pictures import bgr
from transforms import TRANSFORMS
from transforms.depth import depth_of

ASKING = ("depth_to_pretty", "depth_edges", "depth_preprocess", "overlay")


def test_depth_transforms_declare_that_they_need_depth() -> None:
    assert {name for name, kind in TRANSFORMS.items() if kind.needs_depth} == set(ASKING)


@pytest.mark.parametrize("name", ASKING)
def test_a_frame_without_depth_is_refused(name: str) -> None:
    kind = TRANSFORMS[name]
    transform = kind(kind.attributes_type(), {})
    with pytest.raises(ValueError, match=r"^the frame has no depth: it must come from a camera with depth"):
        through(transform, bgr(8, 6))


@pytest.mark.parametrize("name", ASKING)
def test_depth_of_another_size_is_refused(name: str) -> None:
    kind = TRANSFORMS[name]
    transform = kind(kind.attributes_type(), {})
    frame = dataclasses.replace(bgr(8, 6), depth=deep([[1, 2]]).depth)
    with pytest.raises(ValueError, match=r"^the depth is 2x1, but the picture is 8x6$"):
        through(transform, frame)


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.parametrize("value", [0, 1, 1500, 65535])
def test_flat_depth_is_accepted(name: str, value: int) -> None:
    kind = TRANSFORMS[name]
    out = through(kind(kind.attributes_type(), {}), deep(np.full((12, 16), value)))[0]
    assert (out.width, out.height) == (16, 12)


def test_the_range_covers_known_depth_only() -> None:
    depth = depth_of(deep([[0, 700, 300]]))
    assert (depth.nearest, depth.farthest) == (300, 700)
    assert depth.known.tolist() == [[0, 255, 255]]
    assert depth.ranked(255, 32).tolist() == [[0, 32, 255]]
    assert depth.ranked(1, 255).tolist() == [[0, 255, 1]]
