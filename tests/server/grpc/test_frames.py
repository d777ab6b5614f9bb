"""The frames of a connection are followed through chunks of any size."""

from __future__ import annotations

import pytest

from server.grpc.frames import FRAME_BYTES_MAX, FrameError, Frames
from tests.security.http2 import (
    BEGINNING,
    CONTINUATION,
    DATA,
    END_HEADERS,
    HEADERS,
    PING,
    frame,
)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_frames_that_carry_nothing_cost(size: int) -> None:
    data = (
        BEGINNING
        + frame(PING, bytes(8)) * 3
        + frame(DATA, bytes(255), 1)
        + frame(DATA, bytes(256), 1)
        + frame(DATA, bytes(FRAME_BYTES_MAX), 1)
        + frame(HEADERS, b"x", 3, END_HEADERS)
    )
    frames = Frames(1000)
    costs = [frames.take(data[at : at + size]) for at in range(0, len(data), size)]
    assert sum(looked_at for looked_at, _ in costs) == len(data)
    assert sum(cost for _, cost in costs) == 1 + 3 + 1 + 1


def test_a_portion_has_a_few_frames_and_goes_nowhere() -> None:
    frames = Frames(1000)
    data = bytearray(BEGINNING + frame(PING, bytes(8)) * 10)
    for _ in range(2):
        assert frames.portion(data, 3) == len(BEGINNING) + 17 + 9
    assert frames.portion(data, 100) == len(data)
    assert frames.portion(bytearray(BEGINNING + frame(PING, bytes(FRAME_BYTES_MAX + 1))), 100) > FRAME_BYTES_MAX


def test_a_frame_or_head_that_is_too_large_is_an_error() -> None:
    with pytest.raises(FrameError, match="a frame of 65537 bytes"):
        Frames(1000).take(BEGINNING + frame(DATA, bytes(FRAME_BYTES_MAX + 1), 1))
    fits = frame(HEADERS, bytes(600), 1) + frame(CONTINUATION, bytes(400), 1, END_HEADERS)
    frames = Frames(1000)
    frames.take(BEGINNING + fits + fits)
    with pytest.raises(FrameError, match="a head that is too large"):
        frames.take(frame(HEADERS, bytes(600), 3) + frame(CONTINUATION, bytes(401), 3))
