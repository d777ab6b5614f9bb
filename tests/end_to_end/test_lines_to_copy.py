"""The lines of docs/http.md that try each way out of a camera: copied and run, apart from the port and the length."""

import os
import re
import select
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
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


def started(line: str, addresses: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a line with this server in it, made short, in a folder of its own."""
    for written, here in addresses.items():
        line = line.replace(written, here)
    words = shlex.split(re.sub(r"-t \d+", "-t 1", line))
    if shutil.which(words[0]) is None:
        pytest.skip(f"needs {words[0]}: make test installs it")
    folder.mkdir()
    environment = {**os.environ, "SDL_VIDEODRIVER": "dummy"}
    return subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def says(process: subprocess.Popen[bytes], wanted: str) -> str:
    """Return what a program says until the wanted words come, or it ends."""
    assert process.stdout is not None
    said = ""
    while wanted not in said and select.select([process.stdout], [], [], WAIT_S)[0]:
        if not (read := os.read(process.stdout.fileno(), 65536)):
            break
        said += read.decode(errors="replace")
    return said


def test_every_line_gives_pictures_or_predictions(addresses: dict[str, str], tmp_path: Path) -> None:
    """All at once, as each begins with waiting."""
    lines = {kind: line for kind, line in WAYS.items() if kind != "webrtc"}
    with ExitStack() as running:
        processes = {kind: running.enter_context(started(lines[kind], addresses, tmp_path / kind)) for kind in lines}
        for process in processes.values():
            running.callback(process.kill)
        for kind, process in processes.items():
            if lines[kind].startswith("ffmpeg"):
                said = says(process, "no such words")
                assert process.wait(WAIT_S) == 0, said
                with av.open(tmp_path / kind / lines[kind].split()[-1]) as container:
                    assert next(container.decode(video=0)).width == 640
            else:
                wanted = "Video: " if lines[kind].startswith("ffplay") else "event: predictions"
                assert wanted in says(process, wanted)
