from __future__ import annotations

from typing import cast

import pytest

from streams import EncodedFrame
from streams.rtp import RtpStream
from streams.webrtc.video import MAX_WAITING, ViewerVideo

pytestmark = pytest.mark.anyio


class Stream:
    """A stream that notes the frames."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.timestamp = 0
        self.has_room = True
        self.closed = False

    def push(self, frame: EncodedFrame) -> bool:
        self.sent.append(frame.pts)
        return self.has_room

    def close(self) -> None:
        self.closed = True


def frame(number: int, *, key: bool = False) -> EncodedFrame:
    return EncodedFrame(b"\0\0\0\1\x41data", "h264", number, key, 64, 48, captured_at=0.0)


def begin(video: ViewerVideo) -> Stream:
    stream = Stream()
    video.begin(cast(RtpStream, stream))
    return stream


async def test_the_newest_group_waits_for_the_connection() -> None:
    video = ViewerVideo()
    for number in range(6):
        assert video.push(frame(number, key=number in (0, 3)))
    stream = begin(video)
    assert stream.sent == [3, 4, 5]
    assert video.push(frame(6))
    assert stream.sent == [3, 4, 5, 6]


async def test_a_group_that_is_too_long_to_wait_is_replaced_by_the_next_key_frame() -> None:
    video = ViewerVideo()
    for number in range(MAX_WAITING + 5):
        assert video.push(frame(number, key=number == 0))
    stream = begin(video)
    assert stream.sent == []
    assert not video.push(frame(50))  # asks for a key frame
    assert video.push(frame(51, key=True))
    assert video.push(frame(52))
    assert stream.sent == [51, 52]


async def test_waiting_frames_without_room_are_followed_by_a_key_frame() -> None:
    video = ViewerVideo()
    video.push(frame(0, key=True))
    stream = Stream()
    stream.has_room = False
    assert not video.begin(cast(RtpStream, stream)), "a key frame is requested"
    assert not video.push(frame(1))
    stream.has_room = True
    assert video.push(frame(2, key=True))


async def test_the_end_of_the_camera_is_reported_once() -> None:
    ended: list[str] = []
    video = ViewerVideo(lambda: ended.append("ended"))
    stream = begin(video)
    video.end()
    video.end()
    assert ended == ["ended"] and stream.closed and not video.live


async def test_a_video_that_was_stopped_sends_nothing() -> None:
    ended: list[str] = []
    video = ViewerVideo(lambda: ended.append("ended"))
    video.push(frame(0, key=True))
    video.stop()
    assert video.push(frame(1))
    stream = begin(video)
    assert (stream.sent, ended) == ([], [])
