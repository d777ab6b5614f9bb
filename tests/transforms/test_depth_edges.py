from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cameras import Frame
from tests.harness import through
from tests.transforms.depths import deep
from tests.transforms.pictures import DOG
from tests.transforms.refusals import refusals
from transforms.depth_edges import DepthEdges, DepthEdgesAttributes


def edges(depth: Any, **attributes: Any) -> Any:
    return outlined(deep(depth), **attributes).image[:, :, 0]


def outlined(frame: Frame, **attributes: Any) -> Frame:
    return through(DepthEdges(DepthEdgesAttributes.model_validate(attributes), {}), frame)[0]


def step() -> Any:
    depth = np.full((60, 80), 3000)
    depth[20:40, 30:60] = 1000
    return depth


def test_a_step_of_depth_is_a_white_line_on_black() -> None:
    frame = deep(step(), annotations=(DOG,))
    out = outlined(frame)
    image = out.image[:, :, 0]
    assert set(np.unique(out.image)) == {0, 255}
    assert image[30, 28:32].max() == 255 and image[18:22, 45].max() == 255
    assert image[30, 34:56].max() == 0 and image[:16].max() == 0 and image[44:].max() == 0
    assert (out.annotations, out.depth is frame.depth, out.intrinsics) == ((DOG,), True, frame.intrinsics)


def test_even_depth_has_no_edges() -> None:
    assert edges(np.full((40, 40), 1500)).max() == 0


def test_unknown_depth_causes_no_edge() -> None:
    depth = np.full((60, 80), 2000)
    depth[10:30, 10:30] = 0
    assert edges(depth).max() == 0


def test_unknown_depth_hides_only_the_slopes_next_to_it() -> None:
    depth = np.full((40, 60), 3000)
    depth[:, 30:] = 1000
    whole = edges(depth, blur_radius_px=0).any(axis=1)
    depth[20, 28:32] = 0
    assert whole.all()
    assert np.flatnonzero(~edges(depth, blur_radius_px=0).any(axis=1)).tolist() == [19, 20, 21]


def noisy() -> Any:
    depth = step().astype(float)
    return depth + np.random.default_rng(3).normal(0, 60, depth.shape)


def test_the_blur_removes_noise() -> None:
    counts = [np.count_nonzero(edges(noisy(), blur_radius_px=radius)) for radius in (0, 1, 3, 6)]
    assert counts == sorted(counts, reverse=True)
    assert counts[3] < counts[0] / 4


def test_higher_thresholds_keep_less() -> None:
    high = [np.count_nonzero(edges(noisy(), high_threshold_pct=share)) for share in (0.5, 0.9, 0.99)]
    assert high == sorted(high, reverse=True) and high[0] > high[2]
    low = [np.count_nonzero(edges(noisy(), low_threshold_pct=share, blur_radius_px=1)) for share in (0.1, 0.5, 1.0)]
    assert low == sorted(low, reverse=True) and low[0] > low[2]


def test_the_whole_range_of_depth_is_accepted() -> None:
    depth = np.zeros((40, 40))
    depth[:, 20:] = 65_535
    depth[:, :20] = 1
    assert edges(depth, blur_radius_px=0)[20].max() == 255


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("high_threshold_pct", 1.5, "Input should be less than or equal to 1"),
        ("low_threshold_pct", -0.1, "Input should be greater than or equal to 0"),
        ("blur_radius_px", -1, "Input should be greater than or equal to 0"),
        ("blur_radius_px", float("nan"), "Input should be a finite number"),
    ],
)
def test_wrong_values_are_refused(name: str, value: float, message: str) -> None:
    assert refusals(DepthEdgesAttributes, **{name: value}) == [(name, message)]
