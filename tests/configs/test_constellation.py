"""The keypoint model: made of the detector, saying the same, shown by its configuration."""

from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cameras import Frame, Keypoints, Pixels
from cameras.pattern.scene import Scene
from configs.training.constellation import CONSTELLATION, constellation
from configs.training.measure import LABELS
from configs.training.measure_onnx import TWIN
from pipeline import Chain, load

CONFIG = Path(__file__).parents[2] / "configs" / "keypoints.yaml"


def test_the_file_is_the_one_that_the_exporter_makes() -> None:
    assert CONSTELLATION.read_bytes() == constellation(TWIN)
    assert CONSTELLATION.stat().st_size < 400_000


@pytest.mark.parametrize("number", [0, 60, 160])
def test_its_points_are_in_the_middle_of_the_shapes(number: int) -> None:
    picture = Scene(0, 1280, 720).render(number)
    with closing(Chain(load(CONFIG), "connected")) as chain:
        chain.open()
        (frame,) = chain.apply(Frame(Pixels.from_bgr(np.array(picture.image)), 0, Fraction(1, 30), 0.0))
        [found] = frame.annotations
    assert isinstance(found, Keypoints)
    assert (found.label, found.transform) == ("constellation", "keypoints")
    assert [point.name for point in found.points] == list(LABELS)
    assert set(found.skeleton) == {(0, place) for place in range(1, len(LABELS))}
    shapes = {thing.label: thing.box for thing in picture.things}
    points = {point.name: point for point in found.points if point.confidence >= 0.5}
    assert len(points) >= 7
    for name, point in points.items():
        box = shapes[name]
        assert point.x == pytest.approx((box.x_min + box.x_max) / 2, abs=0.02)
        assert point.y == pytest.approx((box.y_min + box.y_max) / 2, abs=0.03)
