"""No output of the program shows more of a URL than scheme, host and port, a token, or control characters."""

from __future__ import annotations

import asyncio
import base64
import http.server
import random
import re
import string
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from clarifai_grpc.grpc.api import service_pb2
from grpclib.client import Channel
from grpclib.events import SendRequest, listen
from viam.components.camera.client import CameraClient
from viam.services.vision import VisionClient

from pipeline import hash_of
from server.clarifai.grpc_server import METHOD
from tests.server.rtsp.clients import Client as RtspClient
from tests.serving import Serving, command

WITHIN_S = 30.0
PLUGIN = """
from cameras import Attributes, Camera, Frame
from transforms import Transform

class PlaceAttributes(Attributes):
    place: str

class Raises(Camera[PlaceAttributes]):
    model_name = "raises"
    attributes_type = PlaceAttributes
    def open(self): raise ValueError(f"cannot open\\n{self.attributes.place}")
    def read(self): raise ValueError
    def close(self): raise OSError(f"cannot close {self.attributes.place!r}")

class Publish(Transform[PlaceAttributes]):
    type_name = "publish"
    attributes_type = PlaceAttributes
    def apply(self, frame): raise ConnectionError(f"{self.attributes.place!r} refuses")
"""


class Secrets:
    """Random secrets; each place of a configuration has its own."""

    def __init__(self) -> None:
        self._pick = random.Random(6)
        self._made: list[str] = []

    def new(self) -> str:
        """Return a new secret."""
        self._made.append("".join(self._pick.choices(string.ascii_letters, k=12)))
        return self._made[-1]

    def url(self, host: str = "127.0.0.1:1") -> str:
        """Return a URL with a secret in each place."""
        parts = [self.new() for _ in range(5)]
        return "rtsp://{}:{}@{host}/{}?pw={}#{}".format(*parts, host=host)

    def shown_in(self, text: str) -> list[str]:
        """Return the lines of a text that contain a secret, or a part of one."""
        found = [secret for secret in self._made if secret[:6] in text or secret[6:] in text]
        return [line for line in text.splitlines() for secret in found if secret[:6] in line or secret[6:] in line]


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture
def redirecting(secrets: Secrets) -> Iterator[str]:
    """Run a host that redirects each request once, to a page that does not exist."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if "moved" in self.path else 302)
            self.send_header("Location", f"/moved?token={secrets.new()}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    host = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{host.server_address[1]}"
    host.shutdown()
    thread.join()
    host.server_close()


def configuration(folder: Path, secrets: Secrets, host: str, token: str) -> str:
    """Write a configuration in which everything fails that has a URL, and return its path.

    Args:
        folder: Where to write it.
        secrets: Makes what it must not show.
        host: A host that redirects.
        token: A token of the server.
    """
    (folder / "kinds.py").write_text(PLUGIN)
    (folder / "a\x1b[31m\nb.png").write_bytes(b"no picture")
    urls = {
        "user": f"rtsp://{secrets.new()}:{secrets.new()}@127.0.0.1:1/",
        "path": f"rtsp://127.0.0.1:1/{secrets.new()}",
        "query": f"http://127.0.0.1:1/video?pw={secrets.new()}&code={secrets.new()}",
        "fragment": f"http://127.0.0.1:1/#{secrets.new()}",
        "key": f"rtmp://127.0.0.1:1/live/{secrets.new()}",
        "space": f"http://admin:a {secrets.new()}@127.0.0.1:1/{secrets.new()} {secrets.new()}",
        "label": f"http://{secrets.new()}{'x' * 64}/{secrets.new()}",
        "redirected": f"http://{host}/{secrets.new()}?pw={secrets.new()}",
    }
    streams = "".join(
        f"  - {{name: {name}, model: stream, preload: true, attributes: {{url: '{url}', open_timeout_s: 3}}}}\n"
        for name, url in urls.items()
    )
    path = folder / "config.yaml"
    path.write_text(f"""
plugins: [kinds.py]
cameras:
{streams}
  - {{name: broken, model: raises, preload: true, attributes: {{place: '{secrets.url()}'}}}}
  - {{name: picture, model: image_file, preload: true, attributes: {{path: "a\\x1b[31m\\nb.png"}}}}
  - {{name: scene, model: test_pattern, attributes: {{width_px: 64, height_px: 64, frame_rate: 2}}}}
  - name: seen
    model: transform
    preload: true
    attributes: {{source: scene, pipeline: [{{type: publish, attributes: {{place: '{secrets.url()}'}}}}]}}
server:
  port: 0
  viam: {{port: 0}}
  clarifai: {{port: 0}}
  rtsp: {{port: 0}}
  tokens: [{token}, {{name: guest, token: {secrets.new()}, rights: [view]}}, "{hash_of(secrets.new())}"]
""")
    return path.name


def test_no_output_of_a_running_server_shows_a_secret(tmp_path: Path, secrets: Secrets, redirecting: str) -> None:
    token = secrets.new()
    name = configuration(tmp_path, secrets, redirecting, token)
    with Serving(name, "--log-level", "debug", "--token", secrets.new(), cwd=tmp_path) as serving:
        serving.client.headers["Authorization"] = f"Bearer {token}"
        shown = [serving.url]
        deadline = time.monotonic() + WITHIN_S
        failing: set[str] = set()
        expected = {"user", "path", "query", "fragment", "key", "space", "label", "redirected", "broken", "picture"}
        while not (expected <= failing and "refuses" in serving.errors()):
            assert time.monotonic() < deadline, (failing, serving.errors())
            reply = serving.client.get("/api/cameras")
            shown.append(reply.text)
            failing = {camera["name"] for camera in reply.json() if camera["error"]}
        for path in ("/", "/run", "/docs", "/openapi.json", "/schema.json", "/metrics", "/api/vision", "/healthz"):
            shown.append(serving.client.get(path).text)
        for camera in expected | {"seen"}:
            shown.append(serving.client.get(f"/api/cameras/{camera}").text)
            shown.append(serving.client.post(f"/whep/{camera}", content=secrets.url()).text)
        shown.append(serving.client.get(f"/api/cameras/{secrets.url().partition('//')[2]}/image").text)
        shown += refusals(serving, secrets)
        found = re.findall(r"127\.0\.0\.1:(\d+) for (Viam|Clarifai|RTSP)(?:'s)? clients", serving.errors())
        ports = {protocol: int(port) for port, protocol in found}
        for sent in (token, secrets.new()):
            shown += asyncio.run(said_to_viam(ports["Viam"], secrets, sent))
            shown.append(said_to_clarifai(ports["Clarifai"], secrets, sent))
            shown += said_to_rtsp(ports["RTSP"], secrets, sent)
        serving.stop()
        shown.append(serving.errors())
    assert not secrets.shown_in("\n".join(shown))
    log = shown[-1]
    assert "\x1b" not in log and "a\\x1b[31m\\nb.png" in log
    assert "\\\\x1b" in next(text for text in shown if "a\\\\x1b" in text), "the API escapes it too"
    assert "Traceback" in log, "the log has the tracebacks of the plugin"
    assert not [
        line for line in log.splitlines() if not re.match(r"\d\d:\d\d:\d\d [A-Z]|    |Only this machine|$", line)
    ]


def refusals(serving: Serving, secrets: Secrets) -> list[str]:
    """Return the replies to wrong tokens in every form."""
    found = [
        serving.client.get("/api/cameras", headers={"Authorization": f"{scheme}{secrets.new()}"})
        for scheme in ("Bearer ", "Key ", "Basic ", "")
    ]
    found += [
        serving.client.get("/api/cameras", auth=(secrets.new(), secrets.new())),
        serving.client.post("/sign-in", json={"token": secrets.new()}),
        serving.client.post("/sign-in", content=secrets.new(), headers={"Content-Type": "application/json"}),
        serving.client.post("/api/link", json={"link": secrets.new()}),
        serving.client.get(f"/api/{secrets.new()}?token={secrets.new()}"),
    ]
    assert {reply.status_code for reply in found} == {400, 401, 404}
    return [f"{reply.text} {reply.headers}" for reply in found]


async def said_to_viam(port: int, secrets: Secrets, token: str) -> list[str]:
    """Return the errors of calls with URLs in place of names."""
    channel = Channel("127.0.0.1", port)

    async def add_token(event: SendRequest) -> None:
        event.metadata["authorization"] = f"Bearer {token}"

    listen(channel, SendRequest, add_token)
    calls = (
        lambda: CameraClient(secrets.url(), channel).get_images(),
        lambda: VisionClient(secrets.url(), channel).get_detections_from_camera(secrets.url()),
    )
    said = []
    for call in calls:
        with pytest.raises(Exception) as refused:  # the client has an error for each status
            await call()
        said.append(str(refused.value))
    channel.close()
    return said


def said_to_clarifai(port: int, secrets: Secrets, token: str) -> str:
    """Return the reply to a request with URLs in place of names."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        request = service_pb2.PostModelOutputsRequest(model_id=secrets.url())
        call = channel.unary_unary(
            METHOD, service_pb2.PostModelOutputsRequest.SerializeToString, service_pb2.MultiOutputResponse.FromString
        )
        return str(call(request, timeout=WITHIN_S, metadata=(("authorization", f"Key {token}"),)))


def said_to_rtsp(port: int, secrets: Secrets, token: str) -> list[str]:
    """Return the answers to requests with URLs in place of names, and with a user and a password in the URL."""
    basic = f"Basic {base64.b64encode(f'user:{token}'.encode()).decode()}"
    with RtspClient(port) as client:
        urls = (
            client.url(secrets.url()),
            client.url(quote(secrets.url())),
            f"rtsp://{secrets.new()}:{secrets.new()}@127.0.0.1:{port}/nobody",
        )
        answers = [client.ask("DESCRIBE", url, Authorization=basic) for url in urls]
    assert {answer.status for answer in answers} <= {400, 401, 404}
    return [str(answer) for answer in answers]


def test_no_error_of_a_configuration_shows_a_secret(tmp_path: Path, secrets: Secrets) -> None:
    url = secrets.url
    (tmp_path / "wrong.yaml").write_text(f"""
'{url()}': 1
plugins: ['{url()}']
cameras:
  - {{name: '{url()}', model: test_pattern}}
  - {{name: b, model: '{url()}'}}
  - {{name: c, model: stream, attributes: {{uri: '{url()}', '{url()}': 1}}}}
  - {{name: d, model: video_file, attributes: {{path: '{url()}'}}}}
  - {{name: e, model: stream, attributes: {{url: '{url("99999:x")}'}}}}
  - {{name: f, model: stream, attributes: {{url: 'htp://{url()}', transport: '{url()}'}}}}
  - {{name: g, model: transform, attributes: {{source: '{url()}', pipeline: [{{type: '{url()}'}}]}}}}
  - {{name: h, model: image_file, attributes: {{path: '{url()}', frame_rate: '{url()}'}}}}
services:
  - {{name: m, type: vision, model: mlmodel, attributes: {{model_path: '{url()}', mlmodel_name: '{url()}'}}}}
server:
  host: '{url()}'
  port: '{url()}'
  tokens: ['{url("a b")}']
  ice: {{servers: [{{urls: '{url()}'}}], addresses: ['{url()}'], udp_ports: '{url()}'}}
""")
    (tmp_path / "unread.yaml").write_text(f"cameras: [{{name: a, url: *{url()}\n")
    commands = [
        ["check", "wrong.yaml"],
        ["check", "wrong.yaml", "--json"],
        ["check", "unread.yaml"],
        ["check", url()],
        ["serve", "--port", url()],
    ]
    commands += [[url()], ["predict", "wrong.yaml", "--service", url(), url()]]
    for arguments in commands:
        ended = subprocess.run([*command(), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 2, arguments
        assert ended.stdout if "--json" in arguments else ended.stderr
        assert not secrets.shown_in(ended.stdout + ended.stderr), arguments
