"""The frames of a connection are followed through chunks of any size."""

from __future__ import annotations

import pytest

from server.grpc.frames import FRAME_BYTES_MAX, SETTINGS_MAX, FrameError, Frames
from tests.security.http2 import (
    BEGINNING,
    CONTINUATION,
    DATA,
    END_HEADERS,
    HEADERS,
    PING,
    SETTINGS,
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
    taken = [frames.take(data[at : at + size]) for at in range(0, len(data), size)]
    assert sum(part.size for part in taken) == len(data)
    assert sum(part.costly for part in taken) == 1 + 3 + 1 + 1
    assert sum(part.data for part in taken) == 256 + FRAME_BYTES_MAX


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


def test_a_frame_of_too_many_settings_is_an_error() -> None:
    Frames(1000).take(BEGINNING + frame(SETTINGS, bytes(6 * SETTINGS_MAX)))
    with pytest.raises(FrameError, match="a frame of 33 settings"):
        Frames(1000).take(BEGINNING + frame(SETTINGS, bytes(6 * SETTINGS_MAX + 6)))


def test_a_portion_ends_at_a_large_head() -> None:
    """Its bytes may be a thousand fields, which take 10 ms."""
    frames = Frames(10_000)
    frames.take(BEGINNING)
    for size, count in ((1000, 1), (100, 8), (50, 16)):
        data = bytearray(frame(HEADERS, bytes(size), 1, END_HEADERS) * 20)
        assert frames.portion(data, 16) == (count - 1) * (9 + size) + 9
