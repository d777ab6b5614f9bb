from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from cameras import BoundingBox, Caption, Classification, Detection, Outline, Segmentation, as_mask
from vision import keep, to_wire, top

CAT, DOG, BIRD = Classification("cat", 0.5), Classification("Dog", 0.4), Classification("bird", 0.7)


def test_a_confidence_at_the_threshold_passes() -> None:
    assert keep([CAT, DOG, BIRD], 0.5) == (CAT, BIRD)


def test_a_confidence_at_the_threshold_passes_in_the_precision_of_models() -> None:
    almost = Classification("cat", float(np.float32(0.7)))
    assert almost.confidence < 0.7
    assert keep([almost], 0.7) == (almost,)


def test_labels_are_compared_in_any_letter_case_and_none_keeps_all() -> None:
    assert keep([CAT, DOG, BIRD], 0.0, ("CAT", "dog")) == (CAT, DOG)
    assert keep([CAT, DOG], 0.0, ()) == (CAT, DOG)


def test_a_wanted_label_survives_although_another_ranks_above_it() -> None:
    assert top(keep([BIRD, CAT], 0.0, ("cat",)), 1) == (CAT,)


def test_the_best_come_first_and_none_is_left_out_for_zero() -> None:
    assert top([DOG, BIRD, CAT], 2) == (BIRD, CAT)
    assert top([DOG, BIRD, CAT], 0) == (BIRD, CAT, DOG)


def test_equals_stay_in_their_order() -> None:
    first, second = Classification("a", 0.5), Classification("b", 0.5)
    assert top([first, second], 0) == (first, second)
    assert top([second, first], 0) == (second, first)


def test_a_classification_on_the_wire_is_a_name_and_a_confidence() -> None:
    assert to_wire(CAT, 640, 480) == {"class_name": "cat", "confidence": 0.5}


def test_a_detection_on_the_wire_has_its_box_in_pixels_and_in_fractions() -> None:
    assert to_wire(Detection("cat", 0.5, box=BoundingBox(0.25, -0.1, 0.5, 1.2)), 640, 480) == {
        "class_name": "cat",
        "confidence": 0.5,
        "x_min": 160,
        "y_min": 0,
        "x_max": 320,
        "y_max": 480,
        "x_min_normalized": 0.25,
        "y_min_normalized": 0.0,
        "x_max_normalized": 0.5,
        "y_max_normalized": 1.0,
    }


def test_a_tracked_detection_says_which_one_it_is() -> None:
    box = BoundingBox(0.0, 0.0, 1.0, 1.0)
    assert to_wire(Detection("cat", 0.5, box=box, track_id=7), 8, 8)["track_id"] == 7
    assert "track_id" not in to_wire(Detection("cat", 0.5, box=box), 8, 8)


def test_a_mask_on_the_wire_is_a_picture_of_the_pictures_size() -> None:
    members = np.zeros((2, 4), bool)
    members[1, :2] = True
    item = to_wire(Segmentation("road", 0.9, mask=as_mask(members)), 8, 6)
    assert item.keys() == {"class_name", "coverage", "mask_png"}
    assert item["class_name"] == "road"
    assert item["coverage"] == 0.25
    png = np.frombuffer(base64.b64decode(item["mask_png"]), np.uint8)
    picture = cv2.imdecode(png, cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (6, 8)
    assert np.array_equal(picture > 0, np.kron(members, np.ones((3, 2), bool)))
    assert to_wire(Segmentation("road", 0.9, mask=as_mask(members)), 8, 6, masks=False) == {
        "class_name": "road",
        "coverage": 0.25,
    }


def test_masks_are_ranked_by_what_they_cover() -> None:
    small = Segmentation("cat", 0.9, mask=as_mask(np.eye(4, dtype=bool)))
    large = Segmentation("sky", 0.1, mask=as_mask(~np.eye(4, dtype=bool)))
    assert top([small, large], 1, (4, 4)) == (large,)
    assert top([small, large], 1) == (small,), "without a picture their confidence counts"


def test_what_a_mask_covers_is_told_of_the_mask_that_is_sent() -> None:
    members = np.random.default_rng(1).random((33, 33)) > 0.7
    item = to_wire(Segmentation("road", 0.9, mask=as_mask(members)), 3, 50)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(item["mask_png"]), np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert item["coverage"] == pytest.approx((picture > 0).mean(), abs=1e-12) != members.mean()


def test_a_mask_without_a_pixel_of_the_picture_is_left_out() -> None:
    members = np.zeros((9, 9), bool)
    members[0, 0] = True
    speck = Segmentation("speck", 0.9, mask=as_mask(members))
    sky = Segmentation("sky", 0.1, mask=as_mask(~members))
    assert top([speck, sky], 0, (3, 3)) == (sky,)
    assert top([speck, sky], 0, (9, 9)) == (sky, speck)


def test_a_caption_on_the_wire_is_a_text() -> None:
    assert to_wire(Caption("a red star", 0.75), 8, 8) == {"text": "a red star", "confidence": 0.75}


def test_what_is_no_prediction_is_refused() -> None:
    with pytest.raises(TypeError, match="a prediction is wanted, got Outline"):
        to_wire(Outline("crop", 1.0, box=BoundingBox(0, 0, 1, 1)), 640, 480)
