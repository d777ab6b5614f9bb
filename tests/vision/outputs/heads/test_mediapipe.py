from __future__ import annotations

import numpy as np

from vision.outputs.heads.mediapipe import decode, find

from .expected_boxes import assert_given
from .given import ran
from .test_efficientdet import encoded

SIZE = (256, 256)
COUNT = 12276


def test_an_anchor_is_placed_as_the_original_places_it() -> None:
    """By hand, after ``official/vision/ops/anchor.py``: scale 2 and ratio 1/2 of row 3, column 1 of the first level."""
    place = (3 * 32 + 1) * 9 + 2 * 3 + 0
    base = 3 * 8 * 2 ** (2 / 3)
    width, height = base * 0.5**0.5, base / 0.5**0.5
    x, y = 1.5 * 8 + 0.25 * width, 3.5 * 8 + 0.5 * height
    boxes, scores = encoded(place, COUNT, 2)
    scores = np.asarray(1 / (1 + np.exp(-scores)), np.float32)  # these models have the sigmoid inside
    assert_given(
        decode([boxes, scores], SIZE, 1), [(x - width / 2, y - height, x + width / 2, y + height, 0.8808, 1)], SIZE
    )


def test_the_background_has_no_label() -> None:
    match = find(ran({"b": (1, COUNT, 4), "s": (1, COUNT, 3)}, SIZE))
    assert match is not None
    assert (match.classes, match.first_class, match.is_certain) == (2, 1, True)
    assert find(ran({"b": (1, COUNT, 4), "s": (1, COUNT, 1)}, SIZE)) is None
