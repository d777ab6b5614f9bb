"""The examples for code of users' own, run as they are against the demo."""

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.serving import Serving

from .browsers import wait_until

EXAMPLES = Path(__file__).parents[2] / "examples"
TOKEN = "correct-horse-battery"
WAIT_S = 60.0
PLAYS = "document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 30"
STATUS = "address => fetch(address, {method: 'POST', body: 'v=0'}).then(({status}) => status, ({message}) => message)"
VIEWER = (Path(__file__).parent / "viewer.js").read_text()
GONE = """address => until(
    async () => (await (await fetch(address)).json()).viewers === 0, 30, "the end of the session")"""


@contextmanager
def proxy(camweave: str) -> Iterator[str]:
    """Run the proxy before a server; give the address of the viewer page, which it prints."""
    command = [sys.executable, str(EXAMPLES / "proxy.py"), "--port", "0", "--camweave", camweave]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], WAIT_S)[0], "the proxy prints no address"
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def output_of(example: str, *arguments: str, serving: Serving, cwd: Path, token: str = "") -> list[str]:
    """Run an example to its end and give the lines it printed."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / example, *arguments, "--camweave", serving.url],
        cwd=cwd,
        env={**os.environ, "CAMWEAVE_TOKEN": token} if token else os.environ,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_viewer_page_plays_and_ends_its_session(page: Page, tmp_path: Path) -> None:
    with Serving(cwd=tmp_path) as serving, proxy(serving.url) as address:
        page.goto(f"{address}?camera=scene-turned")
        wait_until(page, PLAYS, WAIT_S)
        status = serving.camera("scene-turned")
        width = page.evaluate("document.querySelector('video').videoWidth")
        assert (status["viewers"], status["width_px"]) == (1, width)
        page.goto(f"{serving.url}healthz")
        page.evaluate(VIEWER)
        page.evaluate(GONE, "/api/cameras/scene-turned")


def test_the_server_refuses_the_viewer_page_from_another_origin(page: Page, tmp_path: Path) -> None:
    with Serving(cwd=tmp_path) as serving, proxy(serving.url) as address:
        page.goto(address)
        assert page.evaluate(STATUS, "/whep/scene") == 415  # the proxy's origin: only the type of the body is wrong
        assert page.evaluate(STATUS, f"{serving.url}whep/scene") == "Failed to fetch"


@pytest.mark.parametrize("name", ["viewer.html", "predictions.html", "predictions.py"])
def test_an_example_has_twenty_lines(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) <= 20


def test_the_proxy_says_when_there_is_no_server(page: Page, tmp_path: Path) -> None:
    with Serving(cwd=tmp_path) as serving:
        with proxy(serving.url) as address:
            serving.stop()
            response = page.goto(address.replace("viewer.html", "api/cameras"))
            assert response is not None
            assert response.status == 502


@pytest.mark.parametrize("token", ["", TOKEN])
def test_a_picture_goes_in_and_detections_come_out(tmp_path: Path, token: str) -> None:
    arguments = ["--token", token] if token else []
    with Serving(*arguments, cwd=tmp_path) as serving:
        serving.client.headers["Authorization"] = f"Bearer {token or 'none'}"
        (tmp_path / "scene.jpg").write_bytes(serving.client.get("/api/cameras/scene/image").content)
        lines = output_of("detect.py", "scene.jpg", serving=serving, cwd=tmp_path, token=token)
        found = {line.split()[0]: line.split() for line in lines}
        assert "star" in found
        confidence, *box = (float(word) for word in found["star"][1:])
        assert 0.5 < confidence <= 1
        assert 0 <= box[0] < box[2] <= 1280 and 0 <= box[1] < box[3] <= 720


def test_a_refusal_is_printed_as_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    with Serving(cwd=tmp_path) as serving:
        command = [sys.executable, str(EXAMPLES / "detect.py"), "text.jpg", "--camweave", serving.url]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=WAIT_S)
        detail = serving.client.post("/api/vision/shape-boxes/detections", content=b"no picture").json()["detail"]
        assert (done.returncode, done.stderr) == (1, f"415: {detail}\n")


@pytest.mark.parametrize("token", ["", TOKEN])
def test_what_a_camera_sees_is_printed_as_it_comes(tmp_path: Path, token: str) -> None:
    arguments = ["--token", token] if token else []
    with Serving(*arguments, cwd=tmp_path) as serving:
        command = [sys.executable, str(EXAMPLES / "predictions.py"), serving.url, "scene-detected"]
        environment = {**os.environ, "CAMWEAVE_TOKEN": token} if token else dict(os.environ)
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                lines = [process.stdout.readline().split() for _ in range(3)]
            finally:
                process.terminate()
        assert [int(line[0]) for line in lines] == sorted({int(line[0]) for line in lines})
        assert all("star" in line and 0.5 < float(line[line.index("star") + 1]) <= 1 for line in lines)


class Camera(ThreadingHTTPServer):
    """A camera that has seen something of each kind, once; the stream goes on until ``stopped`` is set."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Events)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.stopped = threading.Event()


class Events(BaseHTTPRequestHandler):
    """Sends the event."""

    server: Camera

    def do_GET(self) -> None:
        """Send one event, and nothing more."""
        event = {
            "sequence": 7,
            "predictions": [
                {"kind": "detection", "class_name": "star", "confidence": 0.912},
                {"kind": "segmentation", "class_name": "moon", "coverage": 0.5},
                {"kind": "caption", "text": "a mug", "confidence": 0.875},
            ],
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f": \nid: 7\nevent: predictions\ndata: {json.dumps(event)}\n\n".encode())
        self.server.stopped.wait(WAIT_S)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


def test_results_of_every_kind_are_printed_and_the_proxy_passes_them_on_at_once() -> None:
    with Camera() as camera:
        thread = threading.Thread(target=camera.serve_forever, args=(0.01,))
        thread.start()
        try:
            with proxy(camera.url) as address:
                command = [
                    sys.executable,
                    str(EXAMPLES / "predictions.py"),
                    address.replace("/viewer.html", ""),
                    "porch",
                ]
                with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                    try:
                        assert process.stdout is not None
                        assert select.select([process.stdout], [], [], WAIT_S)[0], "the proxy keeps the event"
                        assert process.stdout.readline() == "7 star 0.91 moon 0.50 a mug 0.88\n"
                        camera.stopped.set()
                        assert process.wait(WAIT_S) == 0
                    finally:
                        process.kill()
        finally:
            camera.stopped.set()
            camera.shutdown()
            thread.join(WAIT_S)


def test_a_page_shows_what_is_in_its_picture(page: Page, tmp_path: Path) -> None:
    with Serving(cwd=tmp_path) as serving, proxy(serving.url) as address:
        page.goto(f"{address.replace('viewer', 'predictions')}?camera=scene-detected")
        wait_until(page, "document.querySelector('p').textContent.includes('star')", WAIT_S)


@pytest.mark.parametrize("token", ["", TOKEN])
def test_the_live_stream_is_received_in_python(tmp_path: Path, token: str) -> None:
    arguments = ["--token", token] if token else []
    with Serving(*arguments, cwd=tmp_path) as serving:
        lines = output_of("watch.py", "scene", "--frames", "5", serving=serving, cwd=tmp_path, token=token)
        assert [line.split()[0] for line in lines] == ["0", "1", "2", "3", "4"]
        assert all("(720, 1280, 3)" in line for line in lines)
        times = [float(line.split()[1]) for line in lines]
        assert times == sorted(set(times))
        serving.client.headers["Authorization"] = f"Bearer {token or 'none'}"
        assert serving.camera("scene")["viewers"] == 0
