from __future__ import annotations

from typing import Any

import pytest

from cameras import BoundingBox, Detection
from tests.fakes import FakeVision
from tests.harness import through
from tests.transforms.pictures import DOG, bgr
from tests.transforms.refusals import refusals
from transforms.detections import Detections, DetectionsAttributes

STREET = [
    Detection("person", 0.9, box=BoundingBox(0.1, 0.2, 0.3, 0.4)),
    Detection("Car", 0.6, box=BoundingBox(0.5, 0.5, 1.5, 0.9)),
    Detection("person", 0.5, box=BoundingBox(1.1, 0.5, 1.5, 0.9)),
    Detection("dog", 0.2, box=BoundingBox(0.0, 0.0, 1.0, 1.0)),
]


def detections(**attributes: Any) -> Detections:
    chosen = DetectionsAttributes.model_validate({"detector_name": "street", **attributes})
    return Detections(chosen, {"street": FakeVision("street", detections=STREET)})


def seen(**attributes: Any) -> list[str]:
    return [annotation.label for annotation in through(detections(**attributes), bgr(4, 2))[0].annotations]


def test_detections_are_attached_after_existing_annotations() -> None:
    frame = bgr(4, 2, DOG)
    out = through(detections(), frame)[0]
    assert out.pixels is frame.pixels
    assert out.annotations[0] == DOG
    assert out.annotations[1] == STREET[0].attached_by("detections", "street")
    assert out.new_result and not frame.new_result


def test_a_box_partly_outside_is_clipped_and_one_fully_outside_dropped() -> None:
    boxes = [found.box for found in through(detections(), bgr(4, 2))[0].annotations if isinstance(found, Detection)]
    assert boxes == [BoundingBox(0.1, 0.2, 0.3, 0.4), BoundingBox(0.5, 0.5, 1.0, 0.9), BoundingBox(0.0, 0.0, 1.0, 1.0)]


def test_labels_are_kept_in_any_letter_case() -> None:
    assert seen(valid_labels=["CAR", "dog"]) == ["Car", "dog"]


def test_a_confidence_equal_to_the_threshold_passes() -> None:
    assert seen(confidence_threshold=0.6) == ["person", "Car"]


def test_needs_names_the_service_and_the_kind() -> None:
    transform = detections()
    assert list(transform.needs(transform.attributes)) == [("detector_name", "street", "detections")]
    assert transform.annotates


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("detector_name", None, "Input should be a valid string"),
        ("confidence_threshold", 2, "Input should be less than or equal to 1"),
        ("max_classifications", 2, "Extra inputs are not permitted"),
        ("mode", "", "Input should be 'auto', 'sync', 'latest' or 'delayed'"),
    ],
)
def test_wrong_values_are_refused(name: str, value: object, message: str) -> None:
    assert refusals(DetectionsAttributes, **{"detector_name": "street", name: value}) == [(name, message)]
