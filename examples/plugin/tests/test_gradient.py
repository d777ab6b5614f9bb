"""The camera: its pictures, its times, and closing."""

import threading

import pytest
from camweave_example.gradient import PERIOD, Gradient, GradientAttributes

from cameras import CameraError


def camera(*, paced: bool = False, frame_rate: int = 10) -> Gradient:
    return Gradient("test", GradientAttributes(width_px=240, height_px=64, frame_rate=frame_rate), paced=paced)


def test_the_spot_moves_over_a_gradient() -> None:
    source = camera()
    source.open()
    frames = [source.read() for _ in range(PERIOD)]
    source.close()
    assert [frame.pts for frame in frames] == [*range(PERIOD)]
    first, later = frames[0].image, frames[PERIOD // 2].image
    assert first[32, 0].tolist() == [255, 255, 255]
    assert later[32, 120].tolist() == [255, 255, 255]
    assert first[0, 239].tolist() == [160, 160, 160]


def test_each_open_starts_at_the_first_frame() -> None:
    source = camera()
    for _ in range(2):
        source.open()
        assert source.read().pts == 0
        source.close()


def test_closing_ends_a_read_that_waits() -> None:
    source = camera(paced=True, frame_rate=1)
    source.open()
    source.read()
    closing = threading.Timer(0.01, source.close)
    closing.start()
    with pytest.raises(CameraError, match="closed"):
        source.read()
    closing.join()
