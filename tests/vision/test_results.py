from __future__ import annotations

import numpy as np

from cameras import Classification, Segmentation, as_mask
from vision import keep, top

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


def test_top_returns_the_best_first_and_all_for_zero() -> None:
    assert top([DOG, BIRD, CAT], 2) == (BIRD, CAT)
    assert top([DOG, BIRD, CAT], 0) == (BIRD, CAT, DOG)


def test_equal_ranks_keep_their_order() -> None:
    first, second = Classification("a", 0.5), Classification("b", 0.5)
    assert top([first, second], 0) == (first, second)
    assert top([second, first], 0) == (second, first)


def test_masks_are_ranked_by_what_they_cover() -> None:
    small = Segmentation("cat", 0.9, mask=as_mask(np.eye(4, dtype=bool)))
    large = Segmentation("sky", 0.1, mask=as_mask(~np.eye(4, dtype=bool)))
    assert top([small, large], 1, (4, 4)) == (large,)
    assert top([small, large], 1) == (small,), "without a picture their confidence counts"


def test_a_mask_without_a_pixel_of_the_picture_is_left_out() -> None:
    members = np.zeros((9, 9), bool)
    members[0, 0] = True
    speck = Segmentation("speck", 0.9, mask=as_mask(members))
    sky = Segmentation("sky", 0.1, mask=as_mask(~members))
    assert top([speck, sky], 0, (3, 3)) == (sky,)
    assert top([speck, sky], 0, (9, 9)) == (sky, speck)
