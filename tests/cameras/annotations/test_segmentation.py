"""Segmentations."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from cameras import Movement, Segmentation, as_mask, at_size
from tests.cameras.annotations.movements import NOWHERE


def test_a_segmentation_has_its_coverage_and_can_leave_the_frame() -> None:
    mask = as_mask(np.arange(12).reshape(3, 4) < 3)
    segmentation = Segmentation("cat", 1.0, mask=mask)
    assert (segmentation.kind, segmentation.coverage) == ("segmentation", 0.25)
    assert segmentation.moved(NOWHERE) is None
    halved = segmentation.moved(Movement(lambda box: None, lambda mask: mask[:, :2], lambda points: points))
    assert halved is not None
    assert halved.mask.shape == (3, 2)
    assert halved.coverage == pytest.approx(1 / 3)
    assert segmentation == segmentation
    assert segmentation != Segmentation("cat", 1.0, mask=mask), "masks are not compared"
    assert len({segmentation, halved}) == 2


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (1, 3000), (17, 31), (64, 48), (257, 257)])
def test_the_share_of_a_picture_is_that_of_its_mask(size: tuple[int, int]) -> None:
    mask = as_mask(np.random.default_rng(1).random((64, 48)) > 0.6)
    full = at_size(mask, *size)
    assert full.shape == (size[1], size[0])
    assert Segmentation("a", 1.0, mask=mask).coverage_in(*size) == pytest.approx((full > 0).mean(), abs=1e-12)


def test_a_mask_on_the_wire_has_the_size_of_the_picture() -> None:
    members = np.zeros((2, 4), bool)
    members[1, :2] = True
    item = Segmentation("road", 0.9, mask=as_mask(members)).to_wire(8, 6)
    assert item.keys() == {"class_name", "coverage", "mask_png"}
    assert item["class_name"] == "road"
    assert item["coverage"] == 0.25
    png = np.frombuffer(base64.b64decode(item["mask_png"]), np.uint8)
    picture = cv2.imdecode(png, cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (6, 8)
    assert np.array_equal(picture > 0, np.kron(members, np.ones((3, 2), bool)))
    assert Segmentation("road", 0.9, mask=as_mask(members)).to_wire(8, 6, masks=False) == {
        "class_name": "road",
        "coverage": 0.25,
    }


def test_coverage_is_that_of_the_mask_on_the_wire() -> None:
    members = np.random.default_rng(1).random((33, 33)) > 0.7
    item = Segmentation("road", 0.9, mask=as_mask(members)).to_wire(3, 50)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(item["mask_png"]), np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert item["coverage"] == pytest.approx((picture > 0).mean(), abs=1e-12) != members.mean()
