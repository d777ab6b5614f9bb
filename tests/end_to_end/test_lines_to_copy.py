"""The lines of docs/http.md that try each way out of a camera: copied and run, apart from the port and the length."""

import os
import re
import select
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import pytest

from streams.exits import EXITS
from tests.serving import Serving

PAGE = (Path(__file__).parents[2] / "docs/http.md").read_text()
TABLE = PAGE.partition("| `kind` | address | a line to try it |\n")[2].partition("\n\n")[0]
WAYS = dict(re.findall(r"^\| `(\w+)` \|.*\| `([^`]+)` \|$", TABLE, re.MULTILINE))
WAIT_S = 30.0
CONFIG = """
server: {rtsp: {port: PORT}}
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 640, height_px: 360, frame_rate: 30}}
  - name: scene-detected
    model: transform
    attributes:
      source: scene
      pipeline: [{type: detections, attributes: {detector_name: red}}]
services:
  - {name: red, type: vision, model: color_detector, attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1}}
"""


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Serve the cameras that the lines name; give what stands for the addresses in them."""
    folder = tmp_path_factory.mktemp("serving")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "scene.yaml").write_text(CONFIG.replace("PORT", str(port)))
    with Serving("scene.yaml", cwd=folder) as serving:
        yield {
            "127.0.0.1:8080": httpx.URL(serving.url).netloc.decode(),
            "127.0.0.1:8554": f"127.0.0.1:{port}",
        }


def test_every_way_out_has_a_line() -> None:
    assert set(WAYS) == {exit.kind for exit in EXITS.values()} | {"webrtc", "rtsp"}
    assert WAYS["webrtc"] == ".venv/bin/python examples/watch.py scene", "test_examples.py runs this one"


def prepared(line: str, addresses: dict[str, str]) -> list[str]:
    """Put this server into a line, and make it short."""
    for written, here in addresses.items():
        line = line.replace(written, here)
    words = shlex.split(re.sub(r"-t \d+", "-t 1", line))
    if shutil.which(words[0]) is None:
        pytest.skip(f"needs {words[0]}: make test installs it")
    return words


@pytest.mark.parametrize("line", [line for line in WAYS.values() if line.startswith(("ffplay", "curl"))])
def test_an_endless_line_gives_something(line: str, addresses: dict[str, str], tmp_path: Path) -> None:
    wanted = "Video: " if line.startswith("ffplay") else "event: predictions"
    process = subprocess.Popen(
        prepared(line, addresses),
        env={**os.environ, "SDL_VIDEODRIVER": "dummy"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    said = b""
    try:
        while wanted.encode() not in said and select.select([process.stdout], [], [], WAIT_S)[0]:
            read = os.read(process.stdout.fileno(), 65536)
            assert read, f"{line} ended:\n{said.decode()}"
            said += read
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert wanted in said.decode()


@pytest.mark.parametrize("line", [line for line in WAYS.values() if line.startswith("ffmpeg")])
def test_a_line_saves_a_video(line: str, addresses: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(prepared(line, addresses), cwd=tmp_path, capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 0, done.stderr
    with av.open(tmp_path / "scene.mp4") as container:
        assert sum(1 for _ in container.decode(video=0)) > 10
