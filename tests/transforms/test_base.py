from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from cameras import Caption, Classification, Frame, Segmentation
from tests.fakes import FakeVision
from tests.harness import through
from tests.transforms.pictures import bgr, detection, with_depth
from transforms import TRANSFORMS, NoAttributes, Transform
from transforms.base import read_only
from transforms.flip import Flip


class Plain(Transform[NoAttributes]):
    """A minimal transform."""

    type_name = "plain"
    attributes_type = NoAttributes

    def apply(self, frame: Frame) -> Frame:
        return frame


def test_a_minimal_transform_needs_nothing() -> None:
    assert list(Plain.needs(NoAttributes())) == []
    plain = Plain(NoAttributes(), {})
    assert (plain.annotates, plain.needs_depth, plain.needs_lens, plain.failure) == (False, False, (), None)
    frame = bgr(8, 6)
    assert through(plain, frame) == [frame]


@pytest.mark.parametrize(
    ("lost", "sentence"),
    [({"depth": None}, "the depth is lost"), ({"intrinsics": None}, "the lens is lost"), ({"distortion": ()}, None)],
)
def test_the_harness_finds_a_transform_that_loses_depth_or_lens(lost: dict[str, Any], sentence: str | None) -> None:
    class Loses(Plain):
        def apply(self, frame: Frame) -> Frame:
            return dataclasses.replace(frame, **lost)

    with pytest.raises(AssertionError, match=sentence):
        through(Loses(NoAttributes(), {}), bgr(8, 6))


def test_shared_arrays_are_read_only() -> None:
    array = read_only(np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


FOUND = (detection(0.1, 0.1, 0.5, 0.5), detection(0.4, 0.4, 1.2, 0.9, "Mug"))
LENS = {"width_px": 8, "height_px": 6, "fx": 50, "fy": 50, "ppx": 4, "ppy": 3}


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (
            "detections",
            {"detector_name": "all"},
            {"confidence_threshold": 0.8, "valid_labels": ["mug"], "max_age_s": 2},
        ),
        ("classifications", {"classifier_name": "all"}, {"max_classifications": 2, "confidence_threshold": 0.1}),
        (
            "classifications",
            {"classifier_name": "all", "of": "detections"},
            {"append_label": True, "margin": 0.5, "valid_labels": ["dog"], "max_age_s": 3},
        ),
        ("captions", {"captioner_name": "all"}, {"confidence_threshold": 0.9, "max_age_s": 2}),
        ("segmentations", {"segmenter_name": "all"}, {"valid_labels": ["road"], "confidence_threshold": 0.9}),
        ("keypoints", {"keypoints_name": "all"}, {"valid_labels": ["mug"], "confidence_threshold": 0.9}),
        ("redact", {"detector_name": "all"}, {"method": "fill", "margin": 0.5, "confidence_threshold": 0.8}),
        ("redact", {"detector_name": "all"}, {"valid_labels": ["mug"], "hold_s": 2, "deadline_s": 9}),
        ("track", {}, {"valid_labels": ["mug"], "by_label": False, "iou_threshold": 0.5, "max_age_s": 3}),
        ("crop", {"x_max_px": 0.5, "y_max_px": 0.5}, {"x_min_px": 2, "x_max_px": 4, "y_max_px": 6, "units": "px"}),
        ("resize", {"width_px": 4}, {"width_px": None, "height_px": 12, "interpolation": "nearest"}),
        ("rotate", {}, {"angle_degs": 30}),
        ("flip", {}, {"direction": "both"}),
        ("paint", {}, {"style": {"color": "#ff0000"}, "keep_annotations": True}),
        ("overlay", {}, {"intrinsic_parameters": LENS}),
        ("undistort", {}, {"intrinsic_parameters": LENS, "distortion_parameters": {"rk1": 0.5}}),
        ("depth_edges", {}, {"blur_radius_px": 0, "high_threshold_pct": 0.5, "low_threshold_pct": 0.1}),
    ],
)
def test_a_transform_with_exchanged_attributes_does_what_a_new_one_does(
    kind: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    service = FakeVision(
        "all",
        classifications=[Classification("dog", 0.6), Classification("cat", 0.2)],
        detections=FOUND,
        segmentations=[Segmentation("road", 0.7, mask=read_only(np.full((6, 8), 255, np.uint8)))],
        captions=[Caption("a dog", 0.7)],
        kinds=("classifications", "detections", "segmentations", "captions", "keypoints"),
    )
    made, services = TRANSFORMS[kind], {"all": service}
    first, second = (made.attributes_type.model_validate(each) for each in (before, {**before, **after}))
    assert made.exchanges(first, second)
    frame = with_depth(bgr(8, 6, *FOUND))
    changed, new = made(first, services), made(second, services)
    changed.exchange(second)
    assert result(changed, frame) == result(new, frame)
    assert changed.attributes == second


def result(transform: Transform[Any], frame: Frame) -> object:
    """Return what a transform makes of a frame, in a form that can be compared."""
    transform.open()
    made = transform.apply(frame)
    transform.close()
    depth = None if made.depth is None else made.depth.tolist()
    return made.image.tolist(), depth, repr(made.annotations), made.intrinsics, made.distortion


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("detections", {"detector_name": "all"}, {"detector_name": "other"}),
        ("detections", {"detector_name": "all"}, {"mode": "latest"}),
        ("detections", {"detector_name": "all"}, {"delay_s": 1}),
        ("classifications", {"classifier_name": "all"}, {"of": "detections"}),
        ("crop", {"x_max_px": 0.5, "y_max_px": 0.5}, {"overlay_crop_box": True}),
    ],
)
def test_other_attributes_need_a_new_transform(kind: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    made = TRANSFORMS[kind]
    first, second = (made.attributes_type.model_validate(each) for each in (before, {**before, **after}))
    assert not made.exchanges(first, second)
    assert made.exchanges(first, first)


def test_all_exchangeable_attributes_exist() -> None:
    for kind in TRANSFORMS.values():
        assert set(kind.exchangeable) <= set(kind.attributes_type.model_fields)


def test_a_subclass_exchanges_only_what_it_names_itself() -> None:
    class Mirror(Flip):
        """One that makes something of its attributes."""

    class Honest(Flip):
        """One that does not."""

        exchangeable = ("direction",)

    first, second = (Flip.attributes_type.model_validate({"direction": each}) for each in ("vertical", "both"))
    assert (Mirror.exchanges(first, second), Honest.exchanges(first, second)) == (False, True)
