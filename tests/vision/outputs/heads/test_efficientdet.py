from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads import mediapipe
from vision.outputs.heads.efficientdet import decode, find

from .expected_boxes import assert_given
from .given import ran

SIZE = (512, 512)
COUNT = 49104


def encoded(place: int, count: int, columns: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """Return outputs with one thing at an anchor: half an anchor down, a quarter right, twice as high, as wide."""
    boxes, scores = np.zeros((count, 4), np.float32), np.full((count, columns), -8.0, np.float32)
    boxes[place] = [0.5, 0.25, np.log(2), 0.0]
    scores[place, columns - 1] = 2.0
    return [boxes, scores]


def test_an_anchor_is_placed_as_the_original_places_it() -> None:
    """By hand, after ``keras/anchors.py``: scale 1 and ratio 2 of the cell in row 2, column 5 of the second level."""
    place = 64 * 64 * 9 + (2 * 32 + 5) * 9 + 1 * 3 + 1
    base = 4 * 16 * 2 ** (1 / 3)
    width, height = base * 2**0.5, base / 2**0.5
    x, y = 5.5 * 16 + 0.25 * width, 2.5 * 16 + 0.5 * height
    found = decode(encoded(place, COUNT, 90), SIZE, 90)
    golden = (x - width / 2, y - height, x + width / 2, y + height, 0.8808, 89)
    assert_given(found, [golden], SIZE)


@pytest.mark.parametrize(
    ("size", "count", "columns", "own", "of_mediapipe"),
    [
        (512, 49104, 90, True, False),
        (320, 19206, 90, True, False),
        (256, 12276, 2, False, True),
        (320, 19125, 3, False, True),
        (384, 27621, 90, True, False),
        (384, 27621, 5, False, True),
    ],
)
def test_size_and_columns_tell_it_from_mediapipe(
    size: int, count: int, columns: int, own: bool, of_mediapipe: bool
) -> None:
    evidence = ran({"boxes": (1, count, 4), "scores": (1, count, columns)}, (size, size))
    matches = find(evidence), mediapipe.find(evidence)
    assert [match is not None and match.is_certain for match in matches] == [own, of_mediapipe]
    assert find(ran({"boxes": (1, count - 9, 4), "scores": (1, count - 9, columns)}, (size, size))) is None
