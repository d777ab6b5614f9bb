"""The settings of an encoder for a picture of a given size."""

from __future__ import annotations

from typing import Literal

import pytest

from cameras import STREAM_ENCODER_THREADS
from streams.encoding.codecs import EncoderSettings, default_bitrate, h264_level, open_codec


@pytest.mark.parametrize(
    ("size", "frame_rate", "bitrate"),
    [((640, 480), 30, 921_600), ((1280, 720), 30, 2_764_800), ((160, 120), 30, 250_000), ((3840, 2160), 60, 8_000_000)],
)
def test_the_bitrate_follows_the_size(size: tuple[int, int], frame_rate: float, bitrate: int) -> None:
    assert default_bitrate(*size, frame_rate) == bitrate


@pytest.mark.parametrize(
    ("size", "frame_rate", "level"),
    [
        ((640, 480), 30, 30),
        ((1280, 720), 30, 31),
        ((1920, 1080), 30, 40),
        ((1920, 1080), 60, 42),
        ((3840, 2160), 30, 51),
    ],
)
def test_the_level_is_the_lowest_that_allows_the_picture(size: tuple[int, int], frame_rate: float, level: int) -> None:
    assert h264_level(*size, frame_rate, default_bitrate(*size, frame_rate)) == level


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_an_encoder_of_live_video_uses_as_many_threads_as_is_decided_for_all(codec: Literal["h264", "vp8"]) -> None:
    opened = open_codec(EncoderSettings(codec, 320, 240, 30, 1_000_000, 2, "superfast"))
    assert opened.thread_count == STREAM_ENCODER_THREADS == 1
