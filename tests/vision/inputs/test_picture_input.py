from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cameras import BoundingBox, Matrix, Pixels
from vision import ModelError
from vision.inputs.picture_input import PictureInput, Preparation
from vision.runtimes.base import Metadata, TensorInfo

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PIXELS = Pixels.from_bgr(np.full((4, 6, 3), (50, 100, 200), np.uint8))
RGB = np.array([200, 100, 50], np.float64)


def info(dtype: Any, shape: tuple[int, ...] = (1, 2, 3, 3), scale: float = 0.0, zero_point: int = 0) -> TensorInfo:
    return TensorInfo("input", shape, np.dtype(dtype), scale, zero_point)


def first(tensor_info: TensorInfo, metadata: Metadata | None = None, **options: Any) -> list[float]:
    """Return the first pixel of the tensor for a picture of one colour."""
    tensor = PictureInput.of(tensor_info, metadata or Metadata(), **options).tensor(PIXELS)
    assert tensor.dtype == tensor_info.dtype
    assert tensor.flags.c_contiguous
    return [round(float(number), 3) for number in tensor[0, 0, 0]]


def test_a_uint8_input_takes_the_pixels_as_they_are() -> None:
    assert first(info(np.uint8, scale=1 / 128, zero_point=128)) == [200, 100, 50]
    assert first(info(np.uint8)) == [200, 100, 50]
    assert first(info(np.uint8), bgr=True) == [50, 100, 200]


def test_a_plain_uint8_input_has_its_normalisation_inside() -> None:
    plain = info(np.uint8, scale=1 / 128, zero_point=128)
    assert first(plain, mean=IMAGENET_MEAN, std=IMAGENET_STD) == [200, 100, 50]
    assert first(plain, Metadata(mean=(127.5,), std=(127.5,))) == [200, 100, 50]


def test_a_uint8_input_with_an_odd_scale_is_normalised_as_declared() -> None:
    odd = info(np.uint8, scale=0.0187, zero_point=114)
    expected = np.rint((RGB / 255 - IMAGENET_MEAN) / IMAGENET_STD / 0.0187 + 114)
    assert first(odd, mean=IMAGENET_MEAN, std=IMAGENET_STD) == expected.tolist()
    assert first(odd) == [200, 100, 50]


def test_a_float_input_is_normalised_to_minus_one_to_one_by_default() -> None:
    assert first(info(np.float32)) == [round(value, 3) for value in ((RGB - 127.5) / 127.5).tolist()]
    assert first(info(np.float16)) == pytest.approx(((RGB - 127.5) / 127.5).tolist(), abs=1e-3)


def test_what_is_declared_wins_over_metadata() -> None:
    described = Metadata(mean=(127.0,), std=(128.0,))
    assert first(info(np.float32), described) == [round(value, 3) for value in ((RGB - 127) / 128).tolist()]
    expected = ((RGB / 255 - IMAGENET_MEAN) / IMAGENET_STD).tolist()
    assert first(info(np.float32), described, mean=IMAGENET_MEAN, std=IMAGENET_STD) == pytest.approx(expected, abs=1e-3)


def test_metadata_are_for_values_of_0_to_255_unless_they_can_only_be_fractions() -> None:
    assert first(info(np.float32), Metadata(mean=(0.0,), std=(255.0,))) == [0.784, 0.392, 0.196]
    assert first(info(np.float32), Metadata(mean=(0.0,), std=(1.0,))) == [200, 100, 50]
    expected = ((RGB / 255 - IMAGENET_MEAN) / IMAGENET_STD).tolist()
    assert first(info(np.float32), Metadata(mean=IMAGENET_MEAN, std=IMAGENET_STD)) == pytest.approx(expected, abs=1e-3)


def test_mean_and_std_are_in_the_order_of_the_input() -> None:
    mean, std = (0.1, 0.2, 0.3), (1.0, 0.5, 0.25)
    expected = ((RGB[::-1] / 255 - mean) / std).tolist()
    assert first(info(np.float32), mean=mean, std=std, bgr=True) == pytest.approx(expected, abs=1e-3)


def test_an_int8_input_takes_the_pixels_minus_128_by_default() -> None:
    assert first(info(np.int8, scale=1 / 255, zero_point=-128)) == [72, -28, -78]
    assert first(info(np.int8)) == [72, -28, -78]


def test_an_int8_input_is_normalised_and_quantised_when_mean_and_std_are_known() -> None:
    quantised = info(np.int8, scale=0.0187, zero_point=-14)
    expected = np.rint((RGB / 255 - IMAGENET_MEAN) / IMAGENET_STD / 0.0187 - 14)
    assert first(quantised, mean=IMAGENET_MEAN, std=IMAGENET_STD) == expected.tolist()
    assert first(info(np.int8, scale=1 / 127.5), Metadata(mean=(127.5,), std=(127.5,))) == [72, -28, -78]


def test_quantised_values_are_cut_off_at_the_limits_of_the_type() -> None:
    assert first(info(np.int8, scale=0.001), mean=(0.5, 0.0, 0.5), std=(0.5, 1.0, 0.5)) == [127, 127, -128]


def test_an_int16_input_is_normalised_and_quantised() -> None:
    expected = np.rint((RGB - 127.5) / 127.5 * 32768).clip(-32768, 32767)
    assert first(info(np.int16, scale=1 / 32768)) == expected.tolist()


def test_an_int32_input_takes_the_pixels() -> None:
    assert first(info(np.int32)) == RGB.tolist()


def test_channels_first_is_seen_by_its_shape() -> None:
    tensor = PictureInput.of(info(np.uint8, (1, 3, 2, 4)), Metadata()).tensor(PIXELS)
    assert tensor.shape == (1, 3, 2, 4)
    assert tensor[0, :, 1, 3].tolist() == [200, 100, 50]


def test_a_side_of_any_size_takes_that_of_the_picture() -> None:
    assert PictureInput.of(info(np.uint8, (-1, -1, -1, 3)), Metadata()).tensor(PIXELS).shape == (1, 4, 6, 3)
    assert PictureInput.of(info(np.uint8, (1, 3, -1, 2)), Metadata()).tensor(PIXELS).shape == (1, 3, 4, 2)


def test_a_grey_input_takes_the_brightness() -> None:
    tensor = PictureInput.of(info(np.uint8, (1, 2, 2, 1)), Metadata()).tensor(PIXELS)
    assert tensor.shape == (1, 2, 2, 1)
    assert tensor[0, 0, 0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    assert PictureInput.of(info(np.uint8, (1, 1, 2, 4)), Metadata()).tensor(PIXELS).shape == (1, 1, 2, 4)


def test_a_picture_of_planes_gives_nearly_the_same_tensor() -> None:
    from_planes = Pixels.from_yuv(*PIXELS.yuv, Matrix.BT601)
    picture = PictureInput.of(info(np.uint8), Metadata())
    difference = picture.tensor(from_planes).astype(int) - picture.tensor(PIXELS).astype(int)
    assert np.abs(difference).max() <= 3


@pytest.mark.parametrize(
    ("shape", "dtype", "sentence"),
    [
        (
            (1, 10),
            np.float32,
            "input input [1, 10] float32 is not for pictures: its shape must be like [1, height, width, 3]",
        ),
        (
            (4, 8, 8, 3),
            np.float32,
            "input input [4, 8, 8, 3] float32 is not for pictures: its shape must be like [1, height, width, 3]",
        ),
        (
            (1, 8, -1, 4),
            np.uint8,
            "input input [1, 8, any, 4] uint8 is not for pictures: it must have 3 channels or 1, got 4",
        ),
        (
            (1, 8, 8, 3),
            np.int64,
            "input input [1, 8, 8, 3] int64 is not for pictures: its type must be uint8, int8, int16, int32 or float",
        ),
    ],
)
def test_a_model_without_an_image_input_is_refused(shape: tuple[int, ...], dtype: Any, sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        PictureInput.of(info(dtype, shape), Metadata())
    assert str(caught.value) == sentence


def test_defaults_apply_to_undeclared_values() -> None:
    usual = Preparation(mean=(0.0, 0.0, 0.0), std=(1 / 255, 1 / 255, 1 / 255), bgr=True)
    assert first(info(np.float32), defaults=usual) == [50, 100, 200]
    assert first(info(np.float32), defaults=usual, bgr=False) == [200, 100, 50]
    assert first(info(np.float32), Metadata(mean=(127.5,), std=(127.5,)), defaults=usual)[0] == round(50 / 127.5 - 1, 3)
    assert first(info(np.float32), defaults=usual, mean=(0.1,) * 3, std=(1.0,) * 3)[0] == round(50 / 255 - 0.1, 3)


@pytest.mark.parametrize(
    ("shape", "centred", "place"),
    [
        ((1, 12, 12, 3), True, (0, 2, 12, 10)),
        ((1, 12, 12, 3), False, (0, 0, 12, 8)),
        ((1, 4, 12, 3), True, (3, 0, 9, 4)),
        ((1, 7, 7, 3), True, (0, 1, 7, 6)),
        ((1, 7, 7, 3), False, (0, 0, 7, 4)),  # yolox 0.3.0, data.data_augment.preproc: 4.67 pixels are 4
        ((1, 8, 12, 3), True, (0, 0, 12, 8)),
        ((1, 2, 2, 3), True, (0, 0, 2, 1)),
    ],
)
def test_a_letterboxed_picture_has_bars(shape: tuple[int, ...], centred: bool, place: tuple[int, ...]) -> None:
    usual = Preparation(letterbox=True, centred=centred, bar=114)
    picture = PictureInput.of(info(np.uint8, shape), Metadata(), defaults=usual)
    assert picture.place_for(PIXELS) == place
    tensor = picture.tensor(PIXELS)[0]
    left, upper, right, lower = place
    inside = np.zeros(shape[1:3], bool)
    inside[upper:lower, left:right] = True
    assert np.all(tensor[inside] == RGB)
    assert np.all(tensor[~inside] == 114)
    window = picture.window_for(PIXELS)
    assert window == BoundingBox(left / shape[2], upper / shape[1], right / shape[2], lower / shape[1])
    assert PictureInput.of(info(np.uint8, shape), Metadata(), letterbox=False, defaults=usual).place_for(PIXELS) == (
        0,
        0,
        shape[2],
        shape[1],
    )


def test_an_input_of_any_size_has_that_which_the_model_file_names() -> None:
    picture = PictureInput.of(info(np.float32, (1, 3, -1, -1)), Metadata(size=(8, 16)))
    assert picture.tensor(PIXELS).shape == (1, 3, 8, 16)
    assert PictureInput.of(info(np.float32, (1, 3, -1, 4)), Metadata(size=(8, 16))).size_for(PIXELS) == (4, 8)
    assert PictureInput.of(info(np.float32, (1, 3, -1, -1)), Metadata()).size_for(PIXELS) == (6, 4)
