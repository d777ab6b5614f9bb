"""Cameras that send pictures over HTTP, each with one peculiarity of real ones."""

import itertools
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cameras import PictureLimits
from cameras.base import CameraAccessDenied, CameraError
from cameras.stream import Stream, StreamAttributes

from .servers import Answer, replying, request_of, server
from .videos import number_of, numbered, write_video

JPEGS = [cv2.imencode(".jpg", numbered(number))[1].tobytes() for number in range(10)]
HLS = "application/vnd.apple.mpegurl"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=123456789\r\n\r\n"


@pytest.fixture(autouse=True)
def no_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the camera from skipping pictures that have waited, which depends on the load of the machine."""
    monkeypatch.setattr("cameras.stream._AT_ONCE", 0.0)


def part(body: bytes, kind: str = "image/jpeg") -> bytes:
    """Return a part as an ESP32-CAM sends it: the boundary after it."""
    return f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body + b"\r\n--123456789\r\n"


def sending_parts(
    parts: Iterable[bytes], *, rate: float = 50, head: bytes = HEAD, counted: list[int] | None = None
) -> Answer:
    def answer(connection: socket.socket, done: threading.Event) -> None:
        request_of(connection)
        if counted is not None:
            counted.append(1)
        connection.sendall(head)
        for data in parts:
            connection.sendall(data)
            if done.wait(1 / rate):
                return
        done.wait(30)

    return answer


def shown(answer: Answer, number: int, **attributes: Any) -> tuple[list[int], Stream]:
    """Return which of the numbered pictures a stream shows, until so many have come or it fails."""
    with server(answer) as host:
        stream = Stream("door", StreamAttributes(url=f"http://{host}/video", **attributes))
        try:
            stream.open()
            found = [number_of(stream.read().image) for _ in range(number)]
            assert stream.dropped <= 1
        finally:
            stream.close()
    return found, stream


def test_pictures_without_a_first_boundary_are_shown() -> None:
    assert shown(sending_parts(map(part, JPEGS)), 10)[0] == list(range(10))


@pytest.mark.parametrize(
    "wrong",
    [
        part(b"<html>busy</html>", "text/html"),
        part(b"", "image/jpeg"),
        part(JPEGS[5][:300]),
        part(b"\xff\xd8\xff" + bytes(500) + b"\xff\xd9"),
        part(JPEGS[5][2:]),
    ],
    ids=["text", "empty", "cut", "damaged", "no beginning"],
)
def test_a_part_that_is_no_picture_costs_that_part_and_not_the_connection(wrong: bytes) -> None:
    counted: list[int] = []
    parts = [*map(part, JPEGS[:4]), wrong, *map(part, JPEGS[6:])]
    found, _ = shown(sending_parts(parts, counted=counted), 8)
    assert [number for number in found if number != 5][:7] == [0, 1, 2, 3, 6, 7, 8]
    assert counted == [1]


def test_the_first_picture_of_a_slow_camera_comes_at_once() -> None:
    began_s = time.monotonic()
    assert shown(sending_parts([part(JPEGS[4])], rate=0.2), 1)[0] == [4]
    assert shown(sending_parts([b"--123456789\r\nContent-Type: image/jpeg\r\n\r\n" + JPEGS[4]]), 1)[0] == [4]
    assert time.monotonic() - began_s < 2


def test_a_slow_camera_may_be_silent_for_longer_than_the_timeout() -> None:
    found, stream = shown(sending_parts(map(part, JPEGS), rate=2), 4, read_timeout_s=0.2, open_timeout_s=2)
    assert found == [0, 1, 2, 3] and stream.frame_rate == pytest.approx(2, rel=0.2)


def test_parts_for_which_there_is_no_time_are_left_out() -> None:
    with server(sending_parts(map(part, JPEGS))) as host:
        stream = Stream("door", StreamAttributes(url=f"http://{host}/video"))
        stream.decoding_share = 0.5
        stream.open()
        found = [number_of(stream.read().image) for _ in range(4)]
        stream.close()
    assert all(later - earlier == 2 for earlier, later in itertools.pairwise(found[1:])), found


def test_data_without_pictures_is_an_error() -> None:
    texts = sending_parts(itertools.repeat(part(b"busy", "text/plain")), rate=500)
    with pytest.raises(CameraError, match="data arrives, but hardly any picture can be decoded$"):
        shown(texts, 1)


def test_chunks_are_put_together() -> None:
    data = b"".join(map(part, JPEGS))
    chunks = [b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in (data[:10], data[10:700], data[700:])]
    head = HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert shown(sending_parts(chunks, head=head), 10)[0] == list(range(10))


def test_pictures_without_anything_between_are_shown() -> None:
    def answer(connection: socket.socket, done: threading.Event) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: video/x-motion-jpeg\r\n\r\n")
        for jpeg in JPEGS:
            connection.sendall(jpeg)
            if done.wait(0.02):
                return
        done.wait(30)

    assert shown(answer, 8)[0] == [*range(8)]


def test_a_host_that_closes_the_connection_is_said() -> None:
    def answer(connection: socket.socket, done: threading.Event) -> None:
        request_of(connection)

    with server(answer) as host:
        stream = Stream("door", StreamAttributes(url=f"http://{host}/"))
        with pytest.raises(CameraError, match=": the host closes the connection before any video$"):
            stream.open()


@pytest.mark.parametrize("width", [66, 660])
def test_larger_pictures_than_allowed_are_refused(width: int) -> None:
    large = cv2.imencode(".jpg", np.zeros((48, width, 3), np.uint8))[1].tobytes()
    with server(sending_parts([part(JPEGS[0]), *[part(large)] * 20])) as host:
        stream = Stream("door", StreamAttributes(url=f"http://{host}/video"))
        stream.limits = PictureLimits(64 * 48)
        stream.open()
        with pytest.raises(CameraError, match="at most 3072 are allowed$"):
            while True:
                stream.read()
        stream.close()


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png"])
def test_a_single_picture_is_said_to_need_a_snapshot(kind: str) -> None:
    with server(replying("200 OK", JPEGS[0], kind)) as host:
        with pytest.raises(CameraError, match="sends a single picture; use model: snapshot") as refused:
            Stream("door", StreamAttributes(url=f"http://{host}/now.jpg")).open()
    assert refused.value.lasting


@pytest.mark.parametrize(
    "challenge",
    ['Basic realm="c"', 'Digest realm="c", nonce="1", qop="auth"', 'Digest realm="c", nonce="1", algorithm=SHA-256'],
)
def test_a_wrong_password_is_sent_once(challenge: str) -> None:
    tries: list[bytes] = []

    def answer(connection: socket.socket, done: threading.Event) -> None:
        request = request_of(connection)
        if b"Authorization" in request:
            tries.append(request)
        head = f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n"
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())

    with server(answer) as host, pytest.raises(CameraAccessDenied, match="user and password are missing or wrong$"):
        Stream("door", StreamAttributes(url=f"http://{host}/video")).open()
    assert len(tries) == 1


def test_a_redirect_in_a_loop_is_followed_five_times_each_way() -> None:
    asked: list[int] = []

    def answer(connection: socket.socket, done: threading.Event) -> None:
        request_of(connection)
        asked.append(1)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with server(answer) as host, pytest.raises(CameraError):
        Stream("door", StreamAttributes(url=f"http://{host}/video", open_timeout_s=2)).open()
    assert len(asked) <= 20


def test_the_rate_of_a_playlist_is_the_measured_one(tmp_path: Path) -> None:
    options = {"bf": "0", "x264-params": "repeat-headers=1"}
    segment = write_video(
        tmp_path / "a.ts", [numbered(number % 10) for number in range(20)], rate=10, options=options, format="mpegts"
    )
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:2,\n/a.ts\n#EXT-X-ENDLIST\n"

    def answer(connection: socket.socket, done: threading.Event) -> None:
        request = connection.recv(4096).split(b"\r\n")[0]
        body, kind = (segment.read_bytes(), "video/mp2t") if b"/a.ts" in request else (playlist.encode(), HLS)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)

    with server(answer) as host:
        stream = Stream("door", StreamAttributes(url=f"http://{host}/live.m3u8"), paced=False)
        stream.open()
        frames = [stream.read() for _ in range(15)]
        assert stream.frame_rate == 10
        stream.close()
    assert [round(frame.time_s, 3) for frame in frames] == [number / 10 for number in range(15)]


def test_the_rate_of_a_live_transport_stream_is_the_measured_one(tmp_path: Path) -> None:
    images = [numbered(number % 10) for number in range(40)]
    path = write_video(tmp_path / "live.ts", images, options={"tune": "zerolatency"}, format="mpegts")
    data, pieces = path.read_bytes(), 40
    size = len(data) // pieces // 188 * 188

    def answer(connection: socket.socket, done: threading.Event) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n")
        for start in range(0, len(data), size):
            connection.sendall(data[start : start + size])
            if done.wait(0.04):
                return

    with server(answer) as host:
        stream = Stream("door", StreamAttributes(url=f"http://{host}/live.ts"))
        stream.open()
        for _ in range(12):
            stream.read()
        assert stream.frame_rate == pytest.approx(25, rel=0.02)
        stream.close()


def test_a_scheme_in_any_case_works() -> None:
    with server(sending_parts(map(part, JPEGS))) as host:
        stream = Stream("door", StreamAttributes(url=f"HtTp://{host}/video"))
        stream.open()
        assert number_of(stream.read().image) == 0
        stream.close()


def test_close_ends_the_wait_for_the_next_picture() -> None:
    raised: list[str] = []
    with server(sending_parts([part(JPEGS[0])])) as host:
        stream = Stream("door", StreamAttributes(url=f"http://{host}/video", read_timeout_s=30))
        stream.open()
        stream.read()

        def read() -> None:
            try:
                stream.read()
            except CameraError as error:
                raised.append(str(error))

        reader = threading.Thread(target=read)
        reader.start()
        stream.close()
        reader.join(2)
    assert not reader.is_alive() and raised == ["closed"]
