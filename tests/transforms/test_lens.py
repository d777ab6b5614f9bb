from __future__ import annotations

import math

import pytest

from cameras import Intrinsics
from tests.transforms.pictures import bgr
from tests.transforms.refusals import refusals
from transforms.lens import DistortionParameters, IntrinsicParameters, checked_size

LENS = {"width_px": 48, "height_px": 32, "fx": 40.0, "fy": 41.0, "ppx": 24.0, "ppy": 15.5}


def test_the_intrinsics_are_those_of_frames() -> None:
    assert IntrinsicParameters.model_validate(LENS).intrinsics == Intrinsics(48, 32, 40.0, 41.0, 24.0, 15.5)


@pytest.mark.parametrize("name", ["width_px", "height_px", "fx", "fy"])
def test_a_lens_without_size_or_focal_length_is_unknown(name: str) -> None:
    assert IntrinsicParameters.model_validate(LENS | {name: 0}).intrinsics is None


def test_distortion_is_in_the_order_of_its_model() -> None:
    parameters = DistortionParameters(rk1=1.0, rk2=2.0, rk3=3.0, tp1=4.0, tp2=5.0)
    assert parameters.distortion == (1.0, 2.0, 3.0, 4.0, 5.0)


@pytest.mark.parametrize("name", ["rk1", "rk2", "rk3", "tp1", "tp2"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_distortion_must_be_finite(name: str, value: float) -> None:
    assert refusals(DistortionParameters, **{name: value}) == [(name, "Input should be a finite number")]


def test_a_lens_for_another_size_is_refused() -> None:
    lens = Intrinsics(48, 32, 40.0, 41.0, 24.0, 15.5)
    checked_size(bgr(48, 32), lens)
    message = "the picture is 32x48, but the intrinsic parameters are for 48x32"
    with pytest.raises(ValueError, match=message):
        checked_size(bgr(32, 48), lens)
