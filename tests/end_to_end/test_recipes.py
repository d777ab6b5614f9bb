"""The lines of docs/clients.md for other programs: sent as their sources send them, by the libraries that they use."""

import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import pytest
from PIL import Image

from tests.serving import Serving

from .clients import PionViewer

RECIPES = (Path(__file__).parents[2] / "docs/clients.md").read_text()
PLAYERS = "VLC, FFmpeg, OpenCV, curl and wget"
TOKEN = "correct-horse-battery"
JPEG_START = b"\xff\xd8\xff"
CONFIG = f"""
server: {{tokens: [{TOKEN}]}}
cameras:
  - {{name: porch, model: test_pattern, attributes: {{width_px: 640, height_px: 360, frame_rate: 30}}}}
"""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("serving")
    (folder / "porch.yaml").write_text(CONFIG)
    with Serving("porch.yaml", cwd=folder) as running:
        yield running


@pytest.fixture
def pion(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("pion")


def recipe(heading: str) -> str:
    """Return a section of the recipes."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", RECIPES, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {heading}"
    return found[1]


def filled(text: str, serving: Serving) -> str:
    """Put the server's address and a token into what users copy."""
    return text.replace("HOST:8080", httpx.URL(serving.url).netloc.decode()).replace("TOKEN", TOKEN)


def copied(heading: str, start: str, serving: Serving) -> str:
    """Return the first word of a section that starts so, filled."""
    found = re.search(rf"(?<![\w:]){re.escape(start)}[^\s`]*", recipe(heading))
    assert found, f"{heading} has no {start}"
    return filled(found[0], serving)


def test_home_assistant_takes_pictures(serving: Serving) -> None:
    still = copied("Home Assistant", "http://HOST:8080/api/cameras/porch/image", serving)
    basic = httpx.BasicAuth("token", TOKEN)
    answer = httpx.get(still, auth=basic, timeout=10, trust_env=False)
    answer.raise_for_status()
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.format == "JPEG"
    stream = copied("Home Assistant", "http://HOST:8080/api/cameras/porch/stream", serving)
    with httpx.stream("GET", stream, auth=basic, timeout=10, trust_env=False) as live:
        assert live.headers["content-type"].startswith("multipart/x-mixed-replace")
        read = b""
        for part in live.iter_bytes():
            read += part
            if read.count(JPEG_START) > 1:
                break
    assert read.count(JPEG_START) > 1


@pytest.mark.parametrize("heading", ["Home Assistant", "go2rtc", "Frigate"])
def test_go2rtc_plays(serving: Serving, pion: Path, heading: str) -> None:
    source = copied(heading, "webrtc:", serving)
    with PionViewer(source.removeprefix("webrtc:"), "h264", pion, client="go2rtc") as viewer:
        assert viewer.wait_for(5).width_px == 640


def test_mediamtx_plays(serving: Serving, pion: Path) -> None:
    assert f"whepBearerToken: {TOKEN}\n" in filled(recipe("MediaMTX"), serving)
    address = copied("MediaMTX", "whep://", serving).replace("whep", "http", 1)
    with PionViewer(address, "h264", pion, token=TOKEN) as viewer:
        assert viewer.wait_for(5).width_px == 640


@pytest.mark.parametrize(
    ("heading", "address"),
    [
        ("go2rtc", "http://token:TOKEN@HOST:8080/api/cameras/porch/stream"),
        (PLAYERS, "http://token:TOKEN@HOST:8080/api/cameras/porch/stream"),
        (PLAYERS, "http://token:TOKEN@HOST:8080/api/cameras/porch/image"),
    ],
)
def test_ffmpeg_reads_an_address(serving: Serving, heading: str, address: str) -> None:
    with av.open(copied(heading, address, serving)) as container:
        assert next(container.decode(video=0)).width == 640


@pytest.mark.parametrize("program", ["curl", "wget"])
def test_a_command_saves_a_picture(serving: Serving, tmp_path: Path, program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}: apt-get install {program}")
    (line,) = re.findall(rf"^{program} .+$", recipe(PLAYERS), re.MULTILINE)
    done = subprocess.run(filled(line, serving), shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "porch.jpg") as picture:
        assert picture.size == (640, 360)
