"""Viewers that are no browser: libwebrtc in Node.js, GStreamer's webrtcbin, and pion. Each is a process."""

import base64
import hashlib
import json
import os
import select
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from cameras.pattern.scene import read_frame_number

from .networks import Machine

HERE = Path(__file__).parent
SYSTEM_PYTHON = Path("/usr/bin/python3")
PION = Path("/usr/share/gocode")
WAIT_S = 30.0


@dataclass(frozen=True)
class Report:
    """What a viewer has decoded; ``number`` is the camera's, read from the pixels of the last frame."""

    frames: int
    width_px: int
    height_px: int
    codec: str
    number: int | None


class ClientViewer:
    """One camera watched by a program: it prints JSON lines, and leaves when its stdin ends."""

    def __init__(self, *command: str, environment: dict[str, str] | None = None) -> None:
        self._command = command
        self._environment = {**os.environ, **(environment or {})}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self._environment
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            code = self._process.wait(WAIT_S)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
        assert error is not None or code == 0

    def wait_for(self, frames: int) -> Report:
        """Wait until so many frames in all have been decoded."""
        output = self._process.stdout
        assert output is not None
        while select.select([output], [], [], WAIT_S)[0]:
            line = output.readline()
            if not line:
                break
            report = self._report(json.loads(line))
            if report is not None and report.frames >= frames:
                return report
        raise AssertionError(f"{Path(self._command[0]).name} has not decoded {frames} frames")

    def _report(self, said: dict[str, Any]) -> Report | None:
        """Return what a line says: with the lowest rows of the picture, where the number is."""
        width, height = said["width_px"], said["height_px"]
        rows = np.frombuffer(base64.b64decode(said["rows"]), np.uint8).reshape(-1, width)
        picture = np.zeros((height, width, 3), np.uint8)
        picture[height - len(rows) :] = rows[:, :, np.newaxis]
        return Report(said["frames"], width, height, said["codec"], read_frame_number(picture))


class NodeViewer(ClientViewer):
    """libwebrtc in Node.js: VP8, as a browser without H.264."""

    def __init__(self, address: str) -> None:
        node = shutil.which("node")
        if node is None or not (HERE / "node_modules").is_dir():
            pytest.skip("needs Node.js and its modules: make test installs them")
        super().__init__(node, str(HERE / "node_viewer.cjs"), address)


class GStreamerViewer(ClientViewer):
    """GStreamer's webrtcbin, which takes no loopback.

    Args:
        address: The WHEP endpoint.
        codec: ``VP8`` or ``H264``.
        machine: Where it runs.
    """

    def __init__(self, address: str, codec: str, machine: Machine) -> None:
        super().__init__(*machine.prefix, str(SYSTEM_PYTHON), str(HERE / "gstreamer_viewer.py"), address, codec)


class GStreamerPlayer(ClientViewer):
    """GStreamer's rtspsrc.

    Args:
        address: The RTSP URL.
        protocol: ``tcp`` or ``udp``.
    """

    def __init__(self, address: str, protocol: str) -> None:
        super().__init__(*gstreamer_player(address, protocol))


def gstreamer_player(address: str, protocol: str) -> list[str]:
    """Return the command of GStreamer's rtspsrc for an RTSP URL; skip the test where it cannot run."""
    if subprocess.run([str(SYSTEM_PYTHON), "-c", "import gi"], capture_output=True, check=False).returncode:
        pytest.skip("needs GStreamer: apt-get install python3-gi gir1.2-gstreamer-1.0 gstreamer1.0-libav")
    return [str(SYSTEM_PYTHON), str(HERE / "gstreamer_player.py"), address, protocol]


class PionViewer(ClientViewer):
    """pion, the WebRTC of MediaMTX, go2rtc and LiveKit. It decodes nothing: FFmpeg does here.

    Args:
        address: The WHEP endpoint.
        codec: ``vp8`` or ``h264``.
        cache: Where the built program is kept.
        client: Whose requests it sends, ``mediamtx`` or ``go2rtc``.
        token: What it sends as bearer token.
    """

    def __init__(self, address: str, codec: str, cache: Path, client: str = "mediamtx", token: str = "") -> None:
        super().__init__(str(pion_program(cache)), address, codec, client, environment={"BEARER": token})
        self._decoder = cast(VideoCodecContext, av.CodecContext.create(codec, "r"))
        self._frames = 0

    def _report(self, said: dict[str, Any]) -> Report | None:
        for frame in self._decoder.decode(av.Packet(base64.b64decode(said["frame"]))):
            self._frames += 1
            last: VideoFrame = frame
        number = read_frame_number(last.to_ndarray(format="bgr24").astype(np.uint8, copy=False))
        return Report(self._frames, last.width, last.height, said["codec"], number)


def pion_program(cache: Path) -> Path:
    """Return the viewer on pion, built by Debian's Go from Debian's packages unless the cache has it."""
    go, source = shutil.which("go"), HERE / "pion_viewer.go"
    if go is None or not (PION / "src/github.com/pion/webrtc").is_dir():
        pytest.skip("needs Go and pion: apt-get install golang-go golang-github-pion-webrtc.v3-dev")
    program = cache / f"pion_viewer-{hashlib.sha256(source.read_bytes()).hexdigest()[:16]}"
    if not program.exists():
        with tempfile.TemporaryDirectory() as made:
            # Only the packages of a module may import a package by its major version.
            package = Path(made, "src", "viewer")
            package.mkdir(parents=True)
            shutil.copy(source, package)
            (package / "go.mod").write_text("module viewer\n")
            environment = {
                **os.environ,
                "GO111MODULE": "off",
                "GOPATH": f"{made}:{PION}",
                "GOCACHE": f"{made}/cache",
                "GOFLAGS": "",
            }
            built = subprocess.run(
                [go, "build", "-o", "viewer", "."], cwd=package, env=environment, capture_output=True, text=True
            )
            assert built.returncode == 0, built.stderr
            shutil.move(package / "viewer", program)
    return program
