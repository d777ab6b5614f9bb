"""A camera that is asked for each picture."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import cv2
import pytest
from pydantic import ValidationError

from cameras.base import CameraAccessDenied, CameraError, CameraUnreachable
from cameras.snapshot import Snapshot, SnapshotAttributes

from .servers import Answer, check_close_ends_opening, replying, request_of, server
from .videos import number_of, numbered

JPEGS = [cv2.imencode(".jpg", numbered(number))[1].tobytes() for number in range(10)]


def camera(host: str, **attributes: Any) -> Snapshot:
    return Snapshot("yard", SnapshotAttributes(url=f"http://{host}/now.jpg", **{"interval_s": 0.05, **attributes}))


def serving(body: Callable[[int], bytes]) -> Answer:
    """Answer each request with what is given for its number."""
    number = iter(range(1000))

    def answer(connection: socket.socket, done: threading.Event) -> None:
        replying("200 OK", body(next(number)), "image/jpeg")(connection, done)

    return answer


def test_each_picture_is_asked_for_at_the_interval() -> None:
    with server(serving(lambda number: JPEGS[number])) as host:
        yard = camera(host, interval_s=0.2)
        opened_s = time.monotonic()
        yard.open()
        yard.read()
        began_s = time.monotonic()
        frames = [yard.read() for _ in range(5)]
        ended_s = time.monotonic()
        yard.close()
    assert [number_of(frame.image) for frame in frames] == [1, 2, 3, 4, 5]
    assert ended_s - opened_s >= 5 * 0.2, "the first one, which starts a decoder, may itself take a while"
    assert ended_s - began_s < 1.5
    assert yard.frame_rate == 5
    assert [frame.time_s for frame in frames] == sorted({frame.time_s for frame in frames})
    assert all(frame.trace[0].stage == "captured" for frame in frames)


def test_a_picture_that_has_not_changed_shares_its_pixels() -> None:
    with server(serving(lambda number: JPEGS[number // 2])) as host:
        yard = camera(host)
        yard.open()
        frames = [yard.read() for _ in range(4)]
        yard.close()
    assert frames[0].pixels is frames[1].pixels is not frames[2].pixels
    assert frames[0].pts < frames[1].pts


def test_a_damaged_picture_is_skipped_and_counted() -> None:
    with server(serving(lambda number: JPEGS[number] if number != 2 else b"busy")) as host:
        yard = camera(host)
        yard.open()
        frames = [yard.read() for _ in range(4)]
        dropped = yard.dropped
        yard.close()
    assert [number_of(frame.image) for frame in frames] == [0, 1, 3, 4]
    assert dropped == 1


def test_five_damaged_pictures_in_a_row_are_an_error() -> None:
    with server(serving(lambda number: b"busy" if number else JPEGS[0])) as host:
        yard = camera(host)
        yard.open()
        yard.read()
        with pytest.raises(CameraError, match="not a picture"):
            yard.read()
        assert yard.dropped == 5
        yard.close()


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (replying("401 Unauthorized"), CameraAccessDenied, "401 unauthorized; user and password are missing or wrong"),
        (replying("403 Forbidden"), CameraAccessDenied, "403 forbidden; this user has no access"),
        (replying("404 Not Found"), CameraError, "the host answers 404 instead of a picture"),
        (replying("200 OK", b"<html></html>"), CameraError, "not a picture"),
        (replying("200 OK", b"", "image/jpeg"), CameraError, "the picture is empty"),
        (
            replying("200 OK", b"--x\r\n", "multipart/x-mixed-replace; boundary=x"),
            CameraError,
            "the host sends a video; use model: stream",
        ),
    ],
)
def test_a_host_without_a_picture_is_an_error(answer: Answer, error: type[CameraError], words: str) -> None:
    with server(answer) as host, pytest.raises(CameraError, match=words) as raised:
        camera(host).open()
    assert raised.type is error
    assert "hunter2" not in str(raised.value)


def test_a_host_that_does_not_listen_is_unreachable() -> None:
    with server(replying("200 OK")) as host:
        pass
    with pytest.raises(CameraUnreachable, match="connection refused; nothing listens there$"):
        camera(host).open()


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "MD5-sess", None])
def test_the_password_is_sent_as_the_host_asks(algorithm: str | None) -> None:
    asked: list[bytes] = []
    challenge = (
        'Basic realm="c"' if algorithm is None else f'Digest realm="c", nonce="n", qop="auth", algorithm={algorithm}'
    )

    def answer(connection: socket.socket, done: threading.Event) -> None:
        request = request_of(connection)
        asked.append(request)
        if b"Authorization" in request:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + JPEGS[3])
        else:
            head = f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(head.encode())

    with server(answer) as host:
        yard = camera(host.partition("@")[2], username="an na", password="p@ss:wörd")
        yard.open()
        assert number_of(yard.read().image) == 3
        yard.close()
    assert b"Authorization" not in asked[0]
    wanted = b"Basic YW4gbmE6cEBzczp3w7ZyZA==" if algorithm is None else b'Digest username="an na"'
    assert wanted in asked[1]


def test_close_ends_a_request_at_once() -> None:
    called = threading.Event()

    def answer(connection: socket.socket, done: threading.Event) -> None:
        called.set()
        done.wait(30)

    with server(answer) as host:
        check_close_ends_opening(camera(host), called)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"url": "rtsp://camera/now.jpg"}, "must begin with one of http://, https://, got rtsp:"),
        ({"url": "http://camera/now.jpg", "interval_s": 0}, "greater than or equal to 0.05"),
        ({"url": "http://camera/now.jpg", "password": "x"}, "password needs a username"),
        (
            {"url": "http://anna:x@camera/now.jpg", "username": "anna"},
            "username and password stand either in the url or beside it, not in both",
        ),
    ],
)
def test_wrong_attributes_are_refused(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SnapshotAttributes(**attributes)
