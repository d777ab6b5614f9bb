from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cameras import Segmentation, as_mask
from tests.fakes import FakeVision
from tests.harness import through
from tests.transforms.pictures import DOG, bgr
from tests.transforms.refusals import refusals
from transforms.segmentations import Segmentations, SegmentationsAttributes

HALF, CORNER, NOTHING = np.eye(2) > -1, np.eye(2) > 0, np.zeros((2, 2), bool)
SEEN = [
    Segmentation("sky", 0.5, mask=as_mask(HALF)),
    Segmentation("Dog", 0.9, mask=as_mask(CORNER)),
    Segmentation("cat", 0.8, mask=as_mask(NOTHING)),
]


def segmentations(**attributes: Any) -> Segmentations:
    chosen = SegmentationsAttributes.model_validate({"segmenter_name": "masks", **attributes})
    return Segmentations(chosen, {"masks": FakeVision("masks", segmentations=SEEN, kinds=["segmentations"])})


def seen(**attributes: Any) -> list[str]:
    frame = through(segmentations(**attributes), bgr(4, 2))[0]
    return [annotation.label for annotation in frame.annotations]


def test_masks_are_attached_in_order_with_their_origin() -> None:
    frame = bgr(4, 2, DOG)
    out = through(segmentations(), frame)[0]
    assert out.pixels is frame.pixels
    assert out.annotations[0] == DOG
    sky, dog = out.annotations[1:]
    assert isinstance(sky, Segmentation) and isinstance(dog, Segmentation)
    assert (sky.label, sky.transform, sky.service) == ("sky", "segmentations", "masks")
    assert sky.mask is SEEN[0].mask, "at the model's own resolution, not copied"


def test_an_empty_mask_is_dropped() -> None:
    assert seen() == ["sky", "Dog"]


def test_labels_and_threshold_filter() -> None:
    assert seen(valid_labels=["DOG"]) == ["Dog"]
    assert seen(confidence_threshold=0.9) == ["Dog"]


def test_what_is_filtered_out_is_not_carried_along() -> None:
    transform = segmentations(valid_labels=["DOG"])
    with transform.service.open_session() as session:
        assert transform.predictor()(bgr(4, 2), session) == (SEEN[1],)
    assert transform._inference.predictor == transform.predictor()


def test_needs_names_the_segmenter() -> None:
    needs = Segmentations.needs(SegmentationsAttributes(segmenter_name="masks"))
    assert list(needs) == [("segmenter_name", "masks", "segmentations")]


def test_the_segmenter_is_required() -> None:
    assert refusals(SegmentationsAttributes) == [("segmenter_name", "Field required")]
    with pytest.raises(ValueError, match="segmenter_name: there is no vision service 'masks'"):
        Segmentations(SegmentationsAttributes(segmenter_name="masks"), {})
