"""The samples of Clarifai's page, run with its package against ``camweave serve``: no line of them is edited."""

from __future__ import annotations

import http.server
import json
import os
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.certificates import certificate
from tests.serving import Serving
from tests.shared import DATA, needs_data
from tests.vision import captioner_models

from .clarifai_samples import JSON_CHANNEL, curl, sample

pytestmark = needs_data

CONFIG = f"""
services:
  - name: general-image-recognition
    type: vision
    model: mlmodel
    attributes: {{model_path: {DATA}/models/mobilenet_v2_1.0_224_quant.tflite}}
  - name: general-image-detection
    type: vision
    model: mlmodel
    attributes: {{model_path: {DATA}/models/coco_ssd_mobilenet_v1_quant.tflite}}
  - name: image-general-segmentation
    type: vision
    model: mlmodel
    attributes: {{model_path: {DATA}/models/deeplabv3_257_float.tflite}}
  - name: general-english-image-caption-blip
    type: vision
    model: captioner
    attributes:
      model_path: encoder_model.onnx
      decoder_path: decoder_model.onnx
      tokenizer_path: tokenizer.json
      input_image_size_px: 16
server:
  clarifai: {{port: 0, tls: {{cert: localhost.pem, key: localhost.key}}}}
"""
# The program as it is, except that the names of pictures lead to this machine, and that it may be connected to.
AMONG_ITSELF = """
from functools import partial
from ipaddress import ip_address

from server.core import backend
from server.cli import main

async def resolve(host, port):
    return [ip_address("127.0.0.1")]

backend.ImageUrls = partial(backend.ImageUrls, resolve=resolve, allowed=lambda address: str(address) == "127.0.0.1")
main()
"""
BIRD, CAT, RIDERS = (DATA / "images" / name for name in ("bird.bmp", "cat_720p.jpg", "riders_257.jpg"))


class Clarifai:
    """A running ``camweave serve``, and how Clarifai's clients are pointed at it.

    Attributes:
        serving: The program.
    """

    def __init__(self, folder: Path, serving: Serving) -> None:
        self.serving = serving
        self._folder = folder
        found = re.search(r"listening on 127\.0\.0\.1:(\d+) for Clarifai's clients \(gRPC with TLS\)", serving.errors())
        assert found
        self._base = f"localhost:{found[1]}"

    def run(self, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a client's program, told where to find the server by nothing but its environment."""
        (self._folder / "sample.py").write_text(text)
        environment = {
            **os.environ,
            "CLARIFAI_GRPC_BASE": self._base,
            "CLARIFAI_API_BASE": self.serving.url.rstrip("/"),
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(self._folder / "localhost.pem"),
        }
        return subprocess.run(
            [sys.executable, "sample.py", *arguments],
            cwd=self._folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def printed(self, text: str, *arguments: str) -> list[str]:
        """Run a client's program and give the lines that it prints."""
        done = self.run(text, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("clarifai")
    certificate(made)
    captioner_models.files(made)
    (made / "config.yaml").write_text(CONFIG)
    (made / "urls.yaml").write_text(f"{CONFIG}  allow_image_urls: true\n")
    return made


@pytest.fixture(scope="module")
def clarifai(folder: Path) -> Iterator[Clarifai]:
    with Serving("config.yaml", cwd=folder) as serving:
        yield Clarifai(folder, serving)


@pytest.fixture(scope="module")
def pictures() -> Iterator[http.server.ThreadingHTTPServer]:
    """Serve the pictures over HTTPS to whoever on this machine asks; its name is any."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(DATA / "images"))  # type: ignore[arg-type]

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def with_urls(folder: Path, pictures: http.server.ThreadingHTTPServer) -> Iterator[Clarifai]:
    """Serve pictures by URL: of the samples' host, which is this machine, with a certificate that is trusted."""
    cert, key = certificate(folder, "samples.example")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    pictures.socket = tls.wrap_socket(pictures.socket, server_side=True)
    root = str(Path(__file__).parents[2])
    program = [sys.executable, "-c", AMONG_ITSELF]
    with Serving("urls.yaml", program=program, cwd=folder, PYTHONPATH=root, SSL_CERT_FILE=str(cert)) as serving:
        yield Clarifai(folder, serving)


def url_of(pictures: http.server.ThreadingHTTPServer, picture: Path) -> str:
    return f"https://samples.example:{pictures.server_address[1]}/{picture.name}"


def test_classification_by_bytes(clarifai: Clarifai) -> None:
    lines = clarifai.printed(sample("general-image-recognition", file=str(BIRD)))
    assert lines[0] == "Predicted concepts:"
    assert re.fullmatch(r"chickadee (0\.9\d|1\.00)", lines[1])
    assert len(lines) == 21


def test_classification_by_url(with_urls: Clarifai, pictures: http.server.ThreadingHTTPServer) -> None:
    lines = with_urls.printed(sample("general-image-recognition", url=url_of(pictures, BIRD)))
    assert lines[:1] == ["Predicted concepts:"] and lines[1].startswith("chickadee ")


def test_several_inputs_by_curl(with_urls: Clarifai, pictures: http.server.ThreadingHTTPServer) -> None:
    urls = [url_of(pictures, BIRD), "...any other valid image url...", url_of(pictures, CAT)]
    command = curl(with_urls.serving.url, *urls)
    reply = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    assert reply["status"]["code"] == 10010
    assert [output["status"]["code"] for output in reply["outputs"]] == [10000, 30106, 10000]
    assert [output["input"]["data"]["image"]["url"] for output in reply["outputs"]] == urls
    assert reply["outputs"][0]["data"]["concepts"][0]["name"] == "chickadee"


def test_detection_by_bytes_and_by_url(
    clarifai: Clarifai, with_urls: Clarifai, pictures: http.server.ThreadingHTTPServer
) -> None:
    lines = clarifai.printed(sample("general-image-detection", file=str(BIRD)))
    found = re.fullmatch(r"bird: (0\.7\d+) BBox: ([\d.]+), ([\d.]+), ([\d.]+), ([\d.]+)", lines[0])
    assert found, lines
    expected = (0.2439, 0.0702, 0.9441, 0.9578)
    assert [float(found[n]) for n in range(2, 6)] == pytest.approx(expected, abs=0.05)
    assert with_urls.printed(sample("general-image-detection", url=url_of(pictures, BIRD))) == lines


def test_segmentation_by_bytes(clarifai: Clarifai) -> None:
    lines = clarifai.printed(sample("image-general-segmentation", file=str(RIDERS)))
    shares = {name: float(value) for name, value in (line.split(": ") for line in lines)}
    assert [name for name in shares if shares[name] > 0.1] == ["background", "person", "horse"]
    assert shares["person"] == pytest.approx(0.3349, abs=0.03)
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)


def test_image_to_text_by_bytes_and_by_url(
    folder: Path, clarifai: Clarifai, with_urls: Clarifai, pictures: http.server.ThreadingHTTPServer
) -> None:
    red = np.zeros((24, 32, 3), np.uint8)
    red[..., 2] = 255
    assert cv2.imwrite(str(folder / "red.png"), red)
    model = "general-english-image-caption-blip"
    assert clarifai.printed(sample(model, file="red.png")) == ["Image caption:", "a red picture"]
    lines = with_urls.printed(sample(model, url=url_of(pictures, RIDERS)))
    assert lines[0] == "Image caption:" and lines[1].endswith(" picture")


def test_a_url_that_leads_to_this_machine_is_refused(clarifai: Clarifai) -> None:
    done = clarifai.run(sample("general-image-recognition", url="http://127.0.0.1:1/bird.bmp"))
    assert done.returncode == 1
    assert "Post model outputs failed, status: Failure" in done.stderr


def test_the_vendors_json_channel(clarifai: Clarifai) -> None:
    assert clarifai.printed(JSON_CHANNEL, str(BIRD))[0].startswith("chickadee ")
