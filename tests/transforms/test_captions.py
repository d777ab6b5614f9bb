from __future__ import annotations

from typing import Any

from cameras import Caption
from tests.fakes import FakeVision
from tests.harness import through
from tests.transforms.pictures import DOG, bgr
from tests.transforms.refusals import refusals
from transforms.captions import Captions, CaptionsAttributes

CAPTIONS = [Caption("a cat", 0.4), Caption("a red star", 0.7), Caption("  ", 0.9)]


def captions(**attributes: Any) -> list[Any]:
    chosen = CaptionsAttributes.model_validate({"captioner_name": "words", **attributes})
    transform = Captions(chosen, {"words": FakeVision("words", captions=CAPTIONS, kinds=["captions"])})
    return list(through(transform, bgr(4, 2, DOG))[0].annotations)


def test_the_best_caption_is_attached_with_its_origin() -> None:
    assert captions() == [DOG, Caption("a red star", 0.7, transform="captions", service="words")]


def test_captions_below_the_threshold_are_dropped() -> None:
    assert captions(confidence_threshold=0.7) == captions()
    assert captions(confidence_threshold=0.71) == [DOG]


def test_needs_names_the_captioner() -> None:
    needs = Captions.needs(CaptionsAttributes(captioner_name="words"))
    assert list(needs) == [("captioner_name", "words", "captions")]


def test_wrong_values_are_refused() -> None:
    assert refusals(CaptionsAttributes) == [("captioner_name", "Field required")]
    assert refusals(CaptionsAttributes, captioner_name="words", valid_labels=["cat"]) == [
        ("valid_labels", "Extra inputs are not permitted")
    ]
