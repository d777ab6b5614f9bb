"""Signals to the real program, in every phase from its first line to its end, and whatever hangs."""

from __future__ import annotations

import asyncio
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from tests.serving import command

ROOT = Path(__file__).parents[2]
ENDS_WITHIN_S = 3.0
WAITS_S = 60.0
SDP = {"Content-Type": "application/sdp"}
CAMERA = "  - {{name: seen, model: {}}}\n"
PATTERN = "  - {name: scene, model: test_pattern, attributes: {width_px: 64, height_px: 64}}\n"
LINE = """  - name: line
    model: transform
    attributes: {{source: scene, pipeline: [{{type: {}}}]}}
"""
SERVICE = "services:\n  - {{name: hung, type: vision, model: {}}}\n"


class Starting:
    """``camweave serve``, from its first line on."""

    def __init__(self, process: subprocess.Popen[str], errors: Path) -> None:
        self.process = process
        self._errors = errors

    def wait_for(self, reached: Callable[[int], bool]) -> None:
        """Wait until a function of the process id returns true."""
        deadline_s = time.monotonic() + WAITS_S
        while not reached(self.process.pid):
            assert time.monotonic() < deadline_s and self.process.poll() is None, self.errors()
            select.select([], [], [], 0.002)

    def wait_for_address(self) -> str:
        """Wait until it listens; return its address."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, number: int) -> tuple[int, float]:
        """Send a signal; return the exit code, and the seconds until the end."""
        began_s = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(20)
        return code, time.monotonic() - began_s

    def errors(self) -> str:
        return self._errors.read_text()


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[Starting]:
    """Start the program without waiting for anything."""
    with tempfile.NamedTemporaryFile("w+", dir=folder) as errors:
        process = subprocess.Popen(
            [*command(), "serve", *arguments, "--port", "0"],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "HOME": str(folder)},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield Starting(process, Path(errors.name))
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def handles_signals(pid: int) -> bool:
    """Whether the first lines of the program have run."""
    found = re.search(r"^SigCgt:\s*([0-9a-f]+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return bool(int(found[1], 16) >> (signal.SIGHUP - 1) & 1)


def imports(library: str) -> Callable[[int], bool]:
    """Return a function that tells whether a process has loaded a library: how far its imports have come."""
    return lambda pid: library in Path(f"/proc/{pid}/maps").read_text()


def written(folder: Path, cameras: str) -> str:
    """Write a configuration with the plugin of ``hanging.py``; return its path."""
    shutil.copy(Path(__file__).parent / "hanging.py", folder / "hanging.py")
    path = folder / "config.yaml"
    path.write_text(f"plugins: [hanging.py]\ncameras:\n{cameras}")
    return str(path)


async def offer() -> str:
    """Return the offer of a viewer."""
    viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    viewer.addTransceiver("video", direction="recvonly")
    await viewer.setLocalDescription(await viewer.createOffer())
    sdp: str = viewer.localDescription.sdp
    await viewer.close()
    return sdp


PHASES = {"first line": handles_signals, "numpy": imports("_multiarray_umath"), "av": imports("libavcodec")}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("phase", PHASES)
def test_a_signal_while_it_starts_ends_it_with_0(phase: str, number: int, tmp_path: Path) -> None:
    with started(tmp_path) as program:
        program.wait_for(handles_signals)
        program.wait_for(PHASES[phase])
        code, took_s = program.end(number)
        assert (code, program.errors()) == (0, "")
        assert took_s < ENDS_WITHIN_S


def test_sighup_reloads_the_configuration_and_ends_it_in_no_phase(tmp_path: Path) -> None:
    with started(tmp_path) as program:
        program.wait_for(handles_signals)
        program.process.send_signal(signal.SIGHUP)
        assert program.wait_for_address().startswith("http://127.0.0.1:")
        program.wait_for(lambda pid: program.errors().count("configuration applied") == 1)
        program.process.send_signal(signal.SIGHUP)
        assert program.end(signal.SIGTERM)[0] == 0


HANGS = {
    "driver": (CAMERA.format("hung_driver"), "/api/cameras/seen/image"),
    "transform": (PATTERN + LINE.format("hung_transform, attributes: {}"), "/api/cameras/line/image"),
    "model": (
        PATTERN + LINE.format("classifications, attributes: {classifier_name: hung}") + SERVICE.format("hung_model"),
        "/api/cameras/line/image",
    ),
    "model of a request": (PATTERN + SERVICE.format("hung_model"), "/api/vision/hung/classifications?camera=scene"),
    "event loop": (PATTERN + LINE.format("hung_loop, attributes: {}"), "/api/cameras"),
}


@pytest.mark.parametrize("what", HANGS)
def test_it_ends_with_0_whatever_hangs(what: str, tmp_path: Path) -> None:
    text, path = HANGS[what]
    with started(tmp_path, written(tmp_path, text)) as program:
        address = urlsplit(program.wait_for_address())
        with socket.create_connection((address.hostname, address.port)) as request:
            request.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            program.wait_for(lambda pid: (tmp_path / "hangs").exists())
            code, took_s = program.end(signal.SIGTERM)
        assert code == 0, program.errors()
        assert took_s < ENDS_WITHIN_S
        assert "Traceback" not in program.errors()


def test_it_ends_with_0_while_a_model_hangs_at_the_start(tmp_path: Path) -> None:
    with started(tmp_path, written(tmp_path, PATTERN + SERVICE.format("hung_start"))) as program:
        program.wait_for(lambda pid: (tmp_path / "hangs").exists())
        code, took_s = program.end(signal.SIGTERM)
        assert code == 0, program.errors()
        assert took_s < ENDS_WITHIN_S


def test_it_ends_with_0_with_a_viewer_that_never_connects(tmp_path: Path) -> None:
    with started(tmp_path, written(tmp_path, PATTERN)) as program:
        url = program.wait_for_address()
        answer = httpx.post(f"{url}whep/scene", content=asyncio.run(offer()), headers=SDP, trust_env=False)
        assert answer.status_code == 201
        code, took_s = program.end(signal.SIGTERM)
        assert code == 0, program.errors()
        assert took_s < ENDS_WITHIN_S
