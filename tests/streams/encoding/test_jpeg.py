"""Frames as JPEG: the size and rate that were asked for, and times that rise."""

import cv2
import numpy as np
import pytest

from streams.encoding import JpegOptions
from streams.encoding.jpeg import JpegEncoder, jpeg_of, narrowed

from ..fakes import GREEN, picture


def shown(data: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def test_a_picture_keeps_its_size_and_colours() -> None:
    encoder = JpegEncoder(JpegOptions())
    (packet,) = encoder.encode(picture(3))
    image = shown(bytes(packet))
    assert image.shape == (120, 160, 3)
    assert np.abs(image.astype(int) - GREEN[::-1]).max() <= 3
    assert (encoder.size, packet.pts, packet.is_keyframe) == ((160, 120), 9000, True)


@pytest.mark.parametrize(("width", "size"), [(80, (80, 60)), (33, (33, 25)), (160, (160, 120)), (4000, (160, 120))])
def test_a_wider_picture_is_scaled_with_its_proportions(width: int, size: tuple[int, int]) -> None:
    encoder = JpegEncoder(JpegOptions(width=width))
    (packet,) = encoder.encode(picture())
    assert shown(bytes(packet)).shape[1::-1] == size == encoder.size


def test_a_picture_always_has_a_line() -> None:
    assert narrowed(np.zeros((2, 1000, 3), np.uint8), 16).shape == (1, 16, 3)


def test_the_quality_counts() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    assert len(jpeg_of(noise, 30)) < len(jpeg_of(noise, 90)) / 2


def test_times_rise_even_for_a_picture_that_is_repeated() -> None:
    encoder = JpegEncoder(JpegOptions())
    times = [
        packet.pts
        for number, later_s in ((1, 0.0), (1, 0.0), (1, 0.1), (2, 0.0))
        for packet in encoder.encode(picture(number), later_s=later_s)
    ]
    assert times == [3000, 3001, 12000, 12001]
