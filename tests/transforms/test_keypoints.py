from __future__ import annotations

from typing import Any

import pytest

from cameras import Keypoint
from cameras import Keypoints as KeypointsPrediction
from tests.fakes import FakeVision
from tests.harness import through
from tests.transforms.pictures import DOG, bgr
from tests.transforms.refusals import refusals
from transforms.keypoints import Keypoints, KeypointsAttributes

POINTS = (Keypoint("head", 0.5, 0.25, 0.9), Keypoint("foot", 0.5, 1.5, 0.1))
SEEN = [
    KeypointsPrediction("Person", 0.9, points=POINTS, skeleton=((0, 1),)),
    KeypointsPrediction("dog", 0.5, points=POINTS),
    KeypointsPrediction("ghost", 0.8, points=POINTS[1:]),
]


def keypoints(**attributes: Any) -> Keypoints:
    chosen = KeypointsAttributes.model_validate({"keypoints_name": "pose", **attributes})
    return Keypoints(chosen, {"pose": FakeVision("pose", keypoints=SEEN, kinds=["keypoints"])})


def seen(**attributes: Any) -> list[str]:
    frame = through(keypoints(**attributes), bgr(4, 2))[0]
    return [annotation.label for annotation in frame.annotations]


def test_points_are_attached_in_order_with_their_origin() -> None:
    frame = bgr(4, 2, DOG)
    out = through(keypoints(), frame)[0]
    assert out.pixels is frame.pixels
    assert out.annotations == (DOG, *(item.attached_by("keypoints", "pose") for item in SEEN[:2]))


def test_an_object_without_a_point_in_the_picture_is_dropped() -> None:
    assert seen() == ["Person", "dog"]


def test_labels_and_threshold_filter() -> None:
    assert seen(valid_labels=["PERSON"]) == ["Person"]
    assert seen(confidence_threshold=0.9) == ["Person"]


def test_needs_names_the_service() -> None:
    needs = Keypoints.needs(KeypointsAttributes(keypoints_name="pose"))
    assert list(needs) == [("keypoints_name", "pose", "keypoints")]


def test_the_service_is_required() -> None:
    assert refusals(KeypointsAttributes) == [("keypoints_name", "Field required")]
    with pytest.raises(ValueError, match="keypoints_name: there is no vision service 'pose'"):
        Keypoints(KeypointsAttributes(keypoints_name="pose"), {})
