from __future__ import annotations

import numpy as np

from vision.inputs.sample_pictures import sample_pictures


def test_sample_pictures_are_constant_and_distinct() -> None:
    once, again = ([pixels.bgr for pixels in sample_pictures()] for _ in range(2))
    for picture, same in zip(once, again, strict=True):
        np.testing.assert_array_equal(picture, same)
    assert len({picture.tobytes() for picture in once}) == len(once) > 1


def test_no_sample_picture_is_blank() -> None:
    assert min(pixels.bgr.std() for pixels in sample_pictures()) > 30
