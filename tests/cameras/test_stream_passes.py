"""Streams whose pictures are given as they came, and decoded only if that is wanted."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cameras import CodedPicture, Frame
from cameras.container import Container
from cameras.stream import Stream, StreamAttributes

from .rtsp import Camera, Sender, pictures_at, rtp_pictures
from .servers import server
from .videos import number_of, numbered, write_video

GROUP = 10
NUMBERED = [numbered(number % 10, 320, 240) for number in range(40)]
RATE = 25.0


@pytest.fixture(autouse=True)
def no_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the camera from skipping pictures that have waited, which depends on the load of the machine."""
    monkeypatch.setattr("cameras.stream._AT_ONCE", 0.0)


@pytest.fixture(scope="module")
def pictures() -> list[list[bytes]]:
    """Give the RTP packets of 40 numbered pictures, each tenth a key frame."""
    options = {"g": str(GROUP), "keyint_min": str(GROUP), "sc_threshold": "0", "forced-idr": "1"}
    return rtp_pictures(NUMBERED, options=options)


@contextmanager
def opened(camera: Camera, **attributes: Any) -> Iterator[Stream]:
    with server(camera) as host:
        stream = Stream("door", StreamAttributes(url=f"rtsp://{host}/live", **attributes))
        try:
            stream.open()
            yield stream
        finally:
            stream.close()


def coded(stream: Stream) -> CodedPicture:
    picture = stream.read_picture()
    assert isinstance(picture, CodedPicture)
    return picture


def test_each_picture_comes_coded_and_then_decoded_with_the_same_time(pictures: list[list[bytes]]) -> None:
    with opened(Camera(pictures_at(pictures, RATE))) as stream:
        for number in range(25):
            picture, frame = coded(stream), stream.read_picture()
            assert isinstance(frame, Frame) and number_of(frame.image) == number % 10
            assert picture.is_key == (number % GROUP == 0)
            assert (picture.width, picture.height) == (frame.width, frame.height) == (320, 240)
            assert (picture.pts, picture.time_base, picture.captured_at, picture.trace) == (
                frame.pts,
                frame.time_base,
                frame.captured_at,
                frame.trace,
            )
        assert stream.dropped == stream.left_out == 0


def test_who_reads_frames_gets_frames_only(pictures: list[list[bytes]]) -> None:
    with opened(Camera(pictures_at(pictures, RATE))) as stream:
        assert [number_of(stream.read().image) for _ in range(12)] == [number % 10 for number in range(12)]


def frame_of(stream: Stream) -> Frame:
    frame = stream.read_picture()
    assert isinstance(frame, Frame)
    return frame


def next_frame(stream: Stream, last: CodedPicture) -> tuple[CodedPicture, Frame]:
    """Return the next frame, and its coded picture, which may be the last one; the decoder may have to catch up."""
    while isinstance(picture := stream.read_picture(), CodedPicture):
        last = picture
    assert picture.pts == last.pts
    return last, picture


def test_decoding_begins_with_the_newest_picture_and_ends_between_two(pictures: list[list[bytes]]) -> None:
    with opened(Camera(pictures_at(pictures, RATE))) as stream:
        stream.decodes = False
        seen = [coded(stream) for _ in range(GROUP + 6)]
        times = [picture.pts for picture in seen]
        assert times == sorted(set(times)) and stream.frame_rate == pytest.approx(RATE, rel=0.2)
        stream.decodes = True
        last, frame = next_frame(stream, seen[-1])
        begun = number_of(frame.image)
        assert 5 <= begun < 9, "long before the next key frame"
        for number in range(begun + 1, 10):
            picture, frame = coded(stream), frame_of(stream)
            assert number_of(frame.image) == number and frame.pts == picture.pts > last.pts
        stream.decodes = False
        assert [coded(stream).is_key for _ in range(3)] == [True, False, False]
        stream.decodes = True
        while isinstance(stream.read_picture(), CodedPicture):
            pass


def test_pictures_before_the_first_key_frame_are_decoded_only_if_frames_are_wanted(
    pictures: list[list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[object] = []
    original = Container._decoded

    def counted(self: Container, packet: Any) -> Any:
        decoded.append(packet)
        return original(self, packet)

    monkeypatch.setattr(Container, "_decoded", counted)
    for decodes in (False, True):
        with opened(Camera(pictures_at(pictures[4:], RATE))) as stream:
            stream.decodes = decodes
            picture = coded(stream)
            assert picture.is_key and picture.pts == 0
            assert bool(decoded) == decodes


def test_viewers_do_not_wait_while_a_decoder_catches_up(
    pictures: list[list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.container._CATCH_UP_S", 0.0)
    with opened(Camera(pictures_at(pictures, RATE))) as stream:
        stream.decodes = False
        for _ in range(6):
            coded(stream)
        stream.decodes = True
        # Two are decoded after each: 2 of 6, 4 of 7, 6 of 8, 8 of 9, 10 of 10.
        kinds = [type(stream.read_picture()) for _ in range(8)]
        assert kinds == [CodedPicture] * 4 + [Frame, CodedPicture] * 2


def test_after_a_loss_pictures_are_decoded_from_the_key_frame_on(pictures: list[list[bytes]]) -> None:
    def play(sender: Sender) -> None:
        for number, packets in enumerate(pictures):
            if number == 6:
                sender.lose(packets)
            else:
                sender.send(packets, number / RATE)
            if sender.wait(1 / RATE):
                return
        sender.wait(30)

    with opened(Camera(play), drop_damaged=False) as stream:
        stream.decodes = False
        for _ in range(6):
            coded(stream)
        assert all(isinstance(stream.read_picture(), Frame) for _ in range(10))
    with opened(Camera(play)) as stream:
        stream.decodes = False
        for _ in range(6):
            coded(stream)
        after = stream.read_picture()
        assert isinstance(after, Frame) and number_of(after.image) == GROUP % 10, "the next key frame"
        assert stream.dropped == 3


@pytest.mark.parametrize("how", ["deinterlace", "b_frames"])
def test_what_is_in_doubt_is_decoded(how: str, pictures: list[list[bytes]]) -> None:
    attributes = {"deinterlace": "always"} if how == "deinterlace" else {}
    sent = pictures if how == "deinterlace" else rtp_pictures(NUMBERED, options={"bf": "2", "tune": "animation"})
    with opened(Camera(pictures_at(sent, RATE)), **attributes) as stream:
        stream.decodes = False
        assert all(isinstance(stream.read_picture(), Frame) for _ in range(5))


@pytest.mark.parametrize("format", ["mpegts", "flv"])
def test_streams_in_other_formats_are_given_as_they_came(format: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / f"live.{format}", NUMBERED, options={"tune": "zerolatency", "g": "10"}, format=format)
    data = path.read_bytes()

    def answer(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(data)
        done.wait(30)

    with server(answer) as host:
        stream = Stream("door", StreamAttributes(url=f"tcp://{host.partition('@')[2]}"))
        stream.open()
        stream.decodes = False
        for number in range(25):
            picture = coded(stream)
            assert picture.data.startswith(b"\0\0") and picture.is_key == (number % 10 == 0)
            assert not picture.is_key or {0x67, 0x68} <= {part[0] for part in picture.data.split(b"\0\0\1")[1:]}
        stream.decodes = True
        last, frame = next_frame(stream, picture)
        assert number_of(frame.image) >= 4
        stream.close()
