from __future__ import annotations

import numpy as np
import pytest

from vision import ModelError
from vision.inputs.side_inputs import picture_and_side_inputs, side_tensor
from vision.runtimes.base import TensorInfo

PICTURE = TensorInfo("images", (1, 3, 640, 640), np.dtype(np.float32))


def info(name: str, shape: tuple[int, ...], dtype: str = "float32") -> TensorInfo:
    return TensorInfo(name, shape, np.dtype(dtype))


@pytest.mark.parametrize(
    ("side", "values"),
    [
        (info("orig_target_sizes", (1, 2), "int64"), [[640, 480]]),
        (info("orig_target_sizes", (-1, 2), "int64"), [[640, 480]]),
        (info("im_shape", (1, 2)), [[480, 640]]),
        (info("scale_factor", (1, 2)), [[1, 1]]),
    ],
)
def test_inputs_known_by_name_make_boxes_come_in_pixels_of_the_input(
    side: TensorInfo, values: list[list[float]]
) -> None:
    assert picture_and_side_inputs([side, PICTURE], {}) == (PICTURE, (side,))
    tensor = side_tensor(side, (640, 480))
    assert (tensor.tolist(), tensor.dtype) == (values, side.dtype)


def test_all_pixels_belong_to_the_picture() -> None:
    tensor = side_tensor(info("pixel_mask", (-1, -1, 32), "int64"), (32, 24))
    assert (tensor.shape, tensor.min()) == ((1, 24, 32), 1)


def test_two_side_inputs_are_filled() -> None:
    sides = (info("im_shape", (1, 2)), info("scale_factor", (1, 2)))
    assert picture_and_side_inputs([sides[0], PICTURE, sides[1]], {}) == (PICTURE, sides)


def test_an_input_of_another_name_is_refused() -> None:
    with pytest.raises(ModelError) as caught:
        picture_and_side_inputs([PICTURE, info("threshold", (1,))], {})
    assert str(caught.value) == (
        "the model must have one input, the picture, but has 2: images [1, 3, 640, 640] float32; threshold [1] "
        "float32; further inputs are filled in only if they are named orig_target_sizes, orig_size, target_sizes, "
        "im_shape, image_shape, scale_factor, pixel_mask"
    )
