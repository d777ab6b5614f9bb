from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cameras import BoundingBox
from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.movenet import HEAD, find
from vision.outputs.heads.table import find_head
from vision.runtimes import Metadata

from .test_yolo_pose import detector

SIZE = (192, 192)
BESIDE = BoundingBox(0.0, 0.125, 1.0, 0.875)  # a picture of 640x480, letterboxed

# tensorflow/examples at de9b1f9, lite/examples/pose_estimation/raspberry_pi: data.person_from_keypoints_with_scores on
# keypoints that ml/movenet.py has mapped from its crop region (y_min -1/6, height 4/3) to a picture of 640x480, by
# hand: y, x and score as the model gives them; x and y in pixels; the score of the person is the mean of those above
# 0.1.
OUTPUT = ((0.25, 0.5, 0.9), (0.5, 0.25, 0.6), (0.75, 0.75, 0.3), (0.8, 0.1, 0.1), (0.2, 0.9, 0.05))
PLACES = ((320, 80), (160, 240), (480, 400), (64, 432), (576, 48))
PERSON = 0.6


def single(points: int = 17) -> Any:
    output = np.zeros((1, 1, points, 3), np.float32)
    output[0, 0, : len(OUTPUT)] = OUTPUT
    return output


def evidence(shape: tuple[int, ...], output: Any = None, **metadata: Any) -> Evidence:
    samples = [] if output is None else [{"out": output}]
    return Evidence({"out": shape}, SIZE, metadata=Metadata(**metadata), run=lambda: samples)


def test_a_person_equals_that_of_the_original() -> None:
    [person] = detector(HEAD, evidence((1, 1, 17, 3))).find_points({"out": single()}, SIZE, BESIDE)
    assert person.label == "person"
    assert person.confidence == pytest.approx(PERSON, abs=1e-6)
    for point, (x, y), (_, _, score) in zip(person.points, PLACES, OUTPUT, strict=False):
        assert (point.x * 640, point.y * 480) == pytest.approx((x, y), abs=0.01)
        assert point.confidence == pytest.approx(score)
    assert [point.name for point in person.points][:3] == ["nose", "left_eye", "right_eye"]
    assert (15, 13) in {tuple(sorted(pair, reverse=True)) for pair in person.skeleton}


def test_the_box_of_a_person_is_around_the_points_that_count() -> None:
    [found] = detector(HEAD, evidence((1, 1, 17, 3))).postprocess({"out": single()}, SIZE, BESIDE)
    box = found.box
    assert (box.x_min * 640, box.y_min * 480) == pytest.approx((160, 80), abs=0.1)
    assert (box.x_max * 640, box.y_max * 480) == pytest.approx((480, 400), abs=0.1)


def test_nobody_is_found_where_no_point_counts() -> None:
    decoder, output = detector(HEAD, evidence((1, 1, 17, 3))), np.full((1, 1, 17, 3), 0.1, np.float32)
    assert decoder.find_points({"out": output}, SIZE) == ()
    assert decoder.postprocess({"out": output}, SIZE) == ()


# The same, ml/movenet_multipose.py with the same picture stretched: y, x, score of each point, then y_min, x_min,
# y_max, x_max and the score of the person, by hand.
SEVERAL = np.zeros((1, 6, 56), np.float32)
SEVERAL[0, 0, :3], SEVERAL[0, 0, 51:] = (0.25, 0.5, 0.9), (0.2, 0.4, 0.6, 0.7, 0.8)
SEVERAL[0, 1, :3], SEVERAL[0, 1, 51:] = (0.75, 0.125, 0.4), (0.5, 0.0, 0.9, 0.25, 0.5)
SEVERAL[0, 2, 51:] = (0.5, 0.0, 0.9, 0.25, 0.11)


def test_several_people_equal_those_of_the_original() -> None:
    found = detector(HEAD, evidence((1, 6, 56))).find_points({"out": SEVERAL}, SIZE)
    assert [person.confidence for person in found] == [pytest.approx(0.8), pytest.approx(0.5)]
    first, second = found
    assert (first.points[0].x * 640, first.points[0].y * 480, first.points[0].confidence) == pytest.approx(
        (320, 120, 0.9)
    )
    assert (second.points[0].x * 640, second.points[0].y * 480) == pytest.approx((80, 360))
    assert first.box is not None
    assert (first.box.x_min, first.box.y_min, first.box.x_max, first.box.y_max) == pytest.approx((0.4, 0.2, 0.7, 0.6))


@pytest.mark.parametrize(("shape", "output"), [((1, 1, 17, 3), single()), ((1, 6, 56), SEVERAL)])
def test_it_is_known_by_its_shape_and_values(shape: tuple[int, ...], output: Any) -> None:
    chosen = find_head(None, evidence(shape, output))
    assert chosen is not None and chosen[0].name == "movenet"
    assert "17 points are those of a person in COCO" in chosen[1].because
    for other in (output * 10, output - 1, np.full_like(output, np.nan)):
        found = find(evidence(shape, other))
        assert found is not None and not found.is_certain, "values that are no places and scores"


def test_other_points_need_the_word_of_the_model_file() -> None:
    shape, output = (1, 1, 5, 3), single(5)
    plain, described = find(evidence(shape, output)), find(evidence(shape, output, keypoints_shape=(5, 3)))
    assert plain is not None and described is not None
    assert (plain.is_certain, described.is_certain) == (False, True)


@pytest.mark.parametrize("shape", [(1, 17, 3), (1, 1, 17, 2), (2, 1, 17, 3), (1, 6, 57), (1, 100, 56), (1, 1, 1, 3)])
def test_other_outputs_do_not_match(shape: tuple[int, ...]) -> None:
    assert find(evidence(shape)) is None
