"""Planes for FFmpeg: scaling, conversion and copying."""

from __future__ import annotations

import av
import numpy as np

from cameras import Matrix, Yuv
from streams.encoding.planes import bt601, fill, fitted, scaled
from tests.streams.fakes import GREEN, picture


def checkered(width: int, height: int) -> Yuv:
    """Return planes whose brightness alternates from pixel to pixel."""
    y = (np.indices((height, width)).sum(axis=0) % 2 * 200).astype(np.uint8)
    half = np.full((height // 2, width // 2), 90, np.uint8)
    return Yuv(y, half, half)


def test_planes_of_the_right_size_are_not_copied() -> None:
    planes = checkered(8, 6)
    assert scaled(planes, (8, 6)) is planes


def test_scaling_down_averages_pixels() -> None:
    small = scaled(checkered(16, 12), (8, 6))
    assert [plane.shape for plane in small] == [(6, 8), (3, 4), (3, 4)]
    assert (np.unique(small.y).tolist(), np.unique(small.u).tolist()) == ([100], [90])


def test_scaling_up_keeps_the_range() -> None:
    large = scaled(checkered(8, 6), (32, 24))
    assert large.y.shape == (24, 32)
    assert (large.y.min(), large.y.max()) == (0, 200)


def test_bt709_is_converted_to_bt601_once_and_read_only() -> None:
    pixels = picture(rgb=GREEN, matrix=Matrix.BT709).pixels
    planes = bt601(pixels)
    right = picture(rgb=GREEN, matrix=Matrix.BT601).pixels.yuv
    for plane, wanted in zip(planes, right, strict=True):
        assert np.abs(plane.astype(int) - wanted).max() <= 1
        assert not plane.flags.writeable
    assert bt601(pixels) is planes


def test_only_planes_that_differ_are_converted() -> None:
    pixels = picture(rgb=GREEN, matrix=Matrix.BT601, width=32, height=16).pixels
    assert fitted(pixels, 32, 16, Matrix.BT601) is pixels.yuv
    assert fitted(pixels, 34, 16, Matrix.BT601).y.shape == (16, 34)


def test_planes_fill_a_picture_whose_rows_are_padded() -> None:
    frame = av.VideoFrame(34, 18, "yuv420p")
    planes = checkered(34, 18)
    fill(frame, planes)
    assert frame.planes[0].line_size > 34
    assert (frame.to_ndarray()[:18].ravel()[: 18 * 34] == planes.y.ravel()).all()
