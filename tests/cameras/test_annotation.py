"""Boxes and what they hold."""

import math

import numpy as np
import pytest

from cameras import BoundingBox, Caption, Classification, Detection, Movement, Segmentation, as_mask, at_size

NOWHERE = Movement(lambda box: None, np.zeros_like)


@pytest.mark.parametrize(
    ("box", "pixels"),
    [
        (BoundingBox(0, 0, 1, 1), (0, 0, 100, 50)),
        (BoundingBox(0.1, 0.2, 0.5, 0.6), (10, 10, 50, 30)),
        (BoundingBox(-0.5, -1, 2, 3), (0, 0, 100, 50)),  # reaches outside on every side
        (BoundingBox(0.5, 0.5, 0.5001, 0.5001), (50, 25, 51, 26)),  # thinner than a pixel
        (BoundingBox(0.9999, 0.9999, 1, 1), (99, 49, 100, 50)),  # at the very edge
    ],
)
def test_a_box_in_pixels_is_never_empty_and_never_outside(box: BoundingBox, pixels: tuple[int, ...]) -> None:
    assert box.to_pixels(100, 50) == pixels


def test_a_box_is_clipped_to_the_frame() -> None:
    assert BoundingBox(-0.2, 0.5, 0.4, 1.7).clipped() == BoundingBox(0.0, 0.5, 0.4, 1.0)


@pytest.mark.parametrize(
    "box",
    [
        BoundingBox(1.0, 0, 1.5, 1),
        BoundingBox(-1, 0, 0, 1),
        BoundingBox(0.5, 0, 0.5, 1),
        BoundingBox(0, math.nan, 1, 1),
    ],
)
def test_a_box_wholly_outside_is_nowhere(box: BoundingBox) -> None:
    assert box.clipped() is None


def test_a_box_grows_by_a_share_of_itself() -> None:
    assert BoundingBox(0.25, 0.5, 0.75, 0.75).grown(0.5) == BoundingBox(0.0, 0.375, 1.0, 0.875)
    assert BoundingBox(0.25, 0.5, 0.75, 0.75).grown(0) == BoundingBox(0.25, 0.5, 0.75, 0.75)


def test_a_detection_moves_with_the_pixels_and_a_classification_stays() -> None:
    moved = BoundingBox(0, 0, 0.5, 0.5)
    detection = Detection("star", 0.9, box=BoundingBox(0.2, 0.2, 0.4, 0.4), service="shapes")
    assert detection.moved(Movement(lambda box: moved, lambda mask: mask)) == Detection(
        "star", 0.9, box=moved, service="shapes"
    )
    assert detection.moved(NOWHERE) is None
    classification = Classification("star", 0.9)
    assert classification.moved(NOWHERE) is classification


def test_who_attached_an_annotation_is_noted() -> None:
    attached = Classification("star", 0.9).attached_by("classifications", "shapes")
    assert (attached.transform, attached.service, attached.kind) == ("classifications", "shapes", "classification")


def test_a_segmentation_knows_its_share_and_leaves_with_its_last_pixel() -> None:
    mask = as_mask(np.arange(12).reshape(3, 4) < 3)
    segmentation = Segmentation("cat", 1.0, mask=mask)
    assert (segmentation.kind, segmentation.coverage) == ("segmentation", 0.25)
    assert segmentation.moved(NOWHERE) is None
    halved = segmentation.moved(Movement(lambda box: None, lambda mask: mask[:, :2]))
    assert halved is not None
    assert halved.mask.shape == (3, 2)
    assert halved.coverage == pytest.approx(1 / 3)
    assert segmentation == segmentation
    assert segmentation != Segmentation("cat", 1.0, mask=mask), "a picture is not compared"
    assert len({segmentation, halved}) == 2


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (1, 3000), (17, 31), (64, 48), (257, 257)])
def test_the_share_of_a_picture_is_that_of_its_mask(size: tuple[int, int]) -> None:
    mask = as_mask(np.random.default_rng(1).random((64, 48)) > 0.6)
    full = at_size(mask, *size)
    assert full.shape == (size[1], size[0])
    assert Segmentation("a", 1.0, mask=mask).coverage_in(*size) == pytest.approx((full > 0).mean(), abs=1e-12)


def test_a_caption_is_of_the_whole_frame() -> None:
    caption = Caption("a red star", 0.8)
    assert (caption.kind, caption.moved(NOWHERE)) == ("caption", caption)
