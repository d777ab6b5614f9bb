"""Network cameras that change, vanish, come back, or refuse their user, before the program as users start it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.cameras.servers import request_of, server
from tests.cameras.videos import noisy_blocks, stream_of, ts_packets, write_video
from tests.end_to_end.rtsp import RtspCamera
from tests.offers import OFFER, SDP
from tests.serving import Serving

WITHIN_S = 30.0
CONFIG = """
cameras:
  - {{name: door, model: stream, linger_s: 0.1, preload: {preload}, attributes: {{url: "{url}"}}}}
"""


def serving(folder: Path, url: str, *, preload: bool = True) -> Serving:
    (folder / "c.yaml").write_text(CONFIG.format(url=url, preload=str(preload).lower()))
    return Serving("c.yaml", cwd=folder)


def wait_for(running: Serving, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Ask for the state of the camera until it meets a condition."""
    deadline_s = time.monotonic() + WITHIN_S
    while True:
        status = running.camera("door")
        if condition(status):
            return status
        assert time.monotonic() < deadline_s, status


def test_a_stream_that_changes_its_codec_is_opened_again_within_five_seconds(tmp_path: Path) -> None:
    images = list(noisy_blocks(25))
    first = write_video(tmp_path / "a.ts", images, options={"bf": "0"}, format="mpegts").read_bytes()
    second = write_video(tmp_path / "b.ts", images, codec="mpeg2video", format="mpegts").read_bytes()
    same_table = b"".join(packet for packet in ts_packets(second) if stream_of(packet) == 256)
    changed = threading.Event()
    opened_s: list[float] = []
    changed_s: list[float] = []

    def answer(connection: socket.socket, done: threading.Event) -> None:
        opened_s.append(time.monotonic())
        data, rest = (first, same_table) if len(opened_s) == 1 else (second, second)
        while True:
            if changed.is_set() and data is first:
                data = rest
                changed_s.append(time.monotonic())
            for start in range(0, len(data), len(data) // 25):
                connection.sendall(data[start : start + len(data) // 25])
                if done.wait(0.04):
                    return

    with server(answer) as host, serving(tmp_path, f"tcp://{host.partition('@')[2]}") as running:
        wait_for(running, lambda status: status["state"] == "running")
        changed.set()
        offline = wait_for(running, lambda status: status["error"])
        assert offline["error"].endswith("data arrives, but hardly any picture can be decoded")
        wait_for(running, lambda status: status["state"] == "running" and len(opened_s) > 1)
        assert opened_s[1] - changed_s[0] < 5


def test_a_camera_that_was_gone_is_back_within_three_seconds(tmp_path: Path) -> None:
    with RtspCamera() as camera, serving(tmp_path, camera.url) as running:
        wait_for(running, lambda status: status["state"] == "running")
        camera.kill()
        wait_for(running, lambda status: "connection refused" in (status["error"] or ""))
        back_s = time.monotonic() + 4
        status = wait_for(running, lambda status: time.monotonic() > back_s or status["state"] != "offline")
        assert status["state"] == "offline" and "connection refused" in status["error"]
        camera.start()
        began_s = time.monotonic()
        wait_for(running, lambda status: status["state"] == "running")
        assert time.monotonic() - began_s < 3


def test_a_camera_that_refuses_its_password_is_left_alone(tmp_path: Path) -> None:
    tries: list[bytes] = []

    def answer(connection: socket.socket, done: threading.Event) -> None:
        request = request_of(connection)
        if b"Authorization" in request:
            tries.append(request)
        challenge = 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n'
        connection.sendall(f"{challenge}Connection: close\r\n\r\n".encode())

    def watched() -> httpx.Response:
        return running.client.post("/whep/door", content=OFFER, headers=SDP)

    with server(answer) as host, serving(tmp_path, f"http://{host}/video", preload=False) as running:
        for _ in range(3):
            location = watched().headers["location"]
            status = wait_for(running, lambda status: status["state"] == "offline")
            assert status["error"].endswith("401 unauthorized; user and password are missing or wrong")
            running.client.delete(location)
            wait_for(running, lambda status: status["state"] == "idle")
        assert len(tries) == 1
