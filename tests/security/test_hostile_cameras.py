"""Cameras whose pictures are too large, or cannot be read, in the real program."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from socket import socket

import av
import cv2
import numpy as np
import pytest

from tests.cameras.servers import replying, request_of, server
from tests.serving import Serving

from .attacks import peak_memory

SIDE_PX = 12_000
MEMORY_MAX = 600_000_000
AT_ONCE_S = 3.0
CONFIG = """
cameras:
  - {name: large, model: stream, attributes: {url: "http://HOST/video"}}
  - {name: large-file, model: video_file, attributes: {path: large.avi}}
  - {name: large-picture, model: image_file, attributes: {path: large.jpg}}
  - {name: damaged, model: image_file, attributes: {path: damaged.png}}
  - {name: turned, model: transform, attributes: {source: damaged, pipeline: [{type: rotate}]}}
  - {name: text, model: video_file, attributes: {path: text.mp4}}
  - {name: missing, model: stream, attributes: {url: "http://EMPTY/video"}}
"""


def streaming(picture: bytes) -> Callable[[socket, threading.Event], None]:
    """Answer as a camera that sends one picture again and again."""

    def answer(connection: socket, done: threading.Event) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=part\r\n\r\n")
        part = b"--part\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(picture), picture)
        while not done.wait(0.05):
            connection.sendall(part)

    return answer


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder: Path = tmp_path_factory.mktemp("cameras")
    picture = cv2.imencode(".jpg", np.zeros((SIDE_PX, SIDE_PX), np.uint8))[1].tobytes()
    (folder / "large.jpg").write_bytes(picture)
    (folder / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n, but no more of it")
    (folder / "text.mp4").write_text("no video")
    with av.open(str(folder / "large.avi"), "w") as file:
        stream = file.add_mux_stream("mjpeg", rate=10, width=SIDE_PX, height=SIDE_PX)
        packet = av.Packet(picture)
        packet.stream, packet.pts, packet.dts, packet.time_base = stream, 0, 0, Fraction(1, 10)
        file.mux(packet)
    with server(streaming(picture)) as host, server(replying("404 Not Found")) as empty:
        text = CONFIG.replace("HOST", host.partition("@")[2]).replace("EMPTY", empty.partition("@")[2])
        (folder / "test.yaml").write_text(text)
        with Serving("test.yaml", cwd=folder) as serving:
            yield serving


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("large", "its pictures have too many pixels, or are damaged; at most 85000000 are allowed"),
        ("large-file", "its pictures have too many pixels, or are damaged; at most 85000000 are allowed"),
        ("large-picture", "large.jpg: too large: 12000 x 12000 pixels, at most 85000000 are allowed"),
        ("damaged", "damaged.png: the PNG picture is damaged or incomplete"),
        ("turned", "source damaged: damaged.png: the PNG picture is damaged or incomplete"),
        ("text", "text.mp4 cannot be read as a video (Invalid data found when processing input): the file is not a "),
        ("missing", "http://127.0.0.1:"),
    ],
)
def test_a_picture_that_can_never_come_is_answered_at_once(name: str, reason: str, serving: Serving) -> None:
    before = time.monotonic()
    answer = serving.client.get(f"/api/cameras/{name}/image")
    assert time.monotonic() - before < AT_ONCE_S
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith(f"camera {name} gives no frame: {reason}")
    assert peak_memory(serving) < MEMORY_MAX
