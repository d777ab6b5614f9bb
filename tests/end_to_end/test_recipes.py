"""The lines of docs/clients.md for other programs: sent as their sources send them, by the libraries that they use."""

import io
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
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
server: {{tokens: [{TOKEN}], rtsp: {{port: PORT}}}}
cameras:
  - {{name: porch, model: test_pattern, attributes: {{width_px: 640, height_px: 360, frame_rate: 30}}}}
"""


@dataclass(frozen=True)
class Server:
    """Where the cameras are: host and port for HTTP, and for RTSP."""

    http: str
    rtsp: str

    def filled(self, text: str) -> str:
        """Put the server and a token into what users copy."""
        return text.replace("HOST:8080", self.http).replace("HOST:8554", self.rtsp).replace("TOKEN", TOKEN)

    def copied(self, heading: str, start: str) -> str:
        """Return the first word of a section that starts so, filled."""
        found = re.search(rf"(?<![\w:]){re.escape(start)}[^\s`]*", recipe(heading))
        assert found, f"{heading} has no {start}"
        return self.filled(found[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("serving")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "porch.yaml").write_text(CONFIG.replace("PORT", str(port)))
    with Serving("porch.yaml", cwd=folder) as serving:
        yield Server(httpx.URL(serving.url).netloc.decode(), f"127.0.0.1:{port}")


@pytest.fixture
def pion(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("pion")


def recipe(heading: str) -> str:
    """Return a section of the recipes."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", RECIPES, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {heading}"
    return found[1]


def test_home_assistant_takes_pictures(server: Server) -> None:
    still = server.copied("Home Assistant", "http://HOST:8080/api/cameras/porch/image")
    basic = httpx.BasicAuth("token", TOKEN)
    answer = httpx.get(still, auth=basic, timeout=10, trust_env=False)
    answer.raise_for_status()
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.format == "JPEG"
    stream = server.copied("Home Assistant", "http://HOST:8080/api/cameras/porch/stream")
    with httpx.stream("GET", stream, auth=basic, timeout=10, trust_env=False) as live:
        assert live.headers["content-type"].startswith("multipart/x-mixed-replace")
        read = b""
        for part in live.iter_bytes():
            read += part
            if read.count(JPEG_START) > 1:
                break
    assert read.count(JPEG_START) > 1


def test_ffmpeg_reads_every_address(server: Server) -> None:
    found = set(re.findall(r"(?<![\w:])(?:rtsp|http)://token:TOKEN@HOST[^\s`]+", RECIPES))
    assert {Path(address).name for address in found} == {"porch", "image", "stream.flv", "stream.mjpg", "stream.mp4"}
    for address in found:
        # As Home Assistant opens RTSP; in Flash Video, FFmpeg would look for sound.
        options = {"rtsp_flags": "prefer_tcp"} if address.startswith("rtsp") else {"analyzeduration": "1"}
        with av.open(server.filled(address), options=options, timeout=10.0) as container:
            assert next(container.decode(video=0)).width == 640


@pytest.mark.parametrize("heading", ["Home Assistant", "go2rtc"])
def test_go2rtc_plays(server: Server, pion: Path, heading: str) -> None:
    source = server.copied(heading, "webrtc:")
    with PionViewer(source.removeprefix("webrtc:"), "h264", pion, client="go2rtc") as viewer:
        assert viewer.wait_for(5).width_px == 640


def test_mediamtx_plays(server: Server, pion: Path) -> None:
    assert f"whepBearerToken: {TOKEN}\n" in server.filled(recipe("MediaMTX"))
    address = server.copied("MediaMTX", "whep://").replace("whep", "http", 1)
    with PionViewer(address, "h264", pion, token=TOKEN) as viewer:
        assert viewer.wait_for(5).width_px == 640


def test_frigate_detects_and_records(server: Server, tmp_path: Path) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("needs FFmpeg: apt-get install ffmpeg")
    # Its preset-rtsp-generic, its pictures for the detector, and its preset-record-generic, for a second.
    source = server.copied("Frigate and other recorders", "rtsp://")
    took = "-avoid_negative_ts make_zero -fflags +genpts+discardcorrupt -rtsp_transport tcp -timeout 10000000"
    detect = "-t 1 -r 5 -vf fps=5,scale=320:180 -threads 2 -f rawvideo -pix_fmt yuv420p pictures.yuv"
    record = "-t 1 -f segment -segment_time 10 -segment_format mp4 -reset_timestamps 1 -strftime 1 -c copy -an a.mp4"
    command = [ffmpeg, "-v", "error", *took.split(), "-use_wallclock_as_timestamps", "1", "-i", source]
    done = subprocess.run(
        [*command, *detect.split(), *record.split()], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "pictures.yuv").stat().st_size >= 320 * 180 * 3 // 2
    with av.open(tmp_path / "a.mp4") as container:
        assert next(container.decode(video=0)).width == 640


@pytest.mark.parametrize("program", ["curl", "wget"])
def test_a_command_saves_a_picture(server: Server, tmp_path: Path, program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}: apt-get install {program}")
    (line,) = re.findall(rf"^{program} .+$", recipe(PLAYERS), re.MULTILINE)
    done = subprocess.run(server.filled(line), shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "porch.jpg") as picture:
        assert picture.size == (640, 360)
