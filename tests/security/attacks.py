"""What attacks need: a server in a process of its own, raw connections to it, and a watch over its answers."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

from tests.serving import Serving

T = TypeVar("T")

STANDSTILL_S = 0.1
"""Longest time that the server may take to answer anybody, whatever is done to it."""
WINDOWS = 5
"""Most times that an attack is repeated; the best time counts."""
PULSE = Path(__file__).with_name("pulse.py")

CAMERAS = """
cameras:
  - {name: pattern, model: test_pattern, attributes: {width_px: 320, height_px: 240}}
services:
  - name: red
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}
"""
DETECT = "/api/vision/red/detections"


def serving(folder: Path, server: str = "", text: str = CAMERAS, **environment: str) -> Serving:
    """Return the program, to serve a configuration with these keys of ``server``."""
    (folder / "attacked.yaml").write_text(f"{text}server: {{{server}}}\n")
    return Serving("attacked.yaml", cwd=folder, **environment)


def address(server: Serving) -> tuple[str, int]:
    """Return where the server listens for HTTP."""
    parts = urlsplit(server.url)
    assert parts.hostname and parts.port
    return parts.hostname, parts.port


def grpc_address(server: Serving, system: str) -> tuple[str, int]:
    """Return where the server listens for the clients of a system; the log says it."""
    return _address_for(f"{system}'s clients", server)


def rtsp_address(server: Serving) -> tuple[str, int]:
    """Return where the server listens for the clients of RTSP."""
    return _address_for("RTSP clients", server)


def _address_for(clients: str, server: Serving) -> tuple[str, int]:
    found = re.search(rf"listening on (127.0.0.1):(\d+) for {clients}", server.errors())
    assert found is not None
    return found[1], int(found[2])


def connected(where: tuple[str, int], source: str = "127.0.0.1") -> socket.socket:
    """Return a raw connection, from any address of the loopback network."""
    return socket.create_connection(where, timeout=20, source_address=(source, 0))


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    """Return the head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def answer(connection: socket.socket) -> http.client.HTTPResponse:
    """Read a response; its body is read with ``read``."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response


def closed_by_server(connection: socket.socket) -> bool:
    """Wait until the server closes a connection; what it sends before is read."""
    try:
        while connection.recv(1 << 20):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def cpu_s(server: Serving) -> float:
    """Return the CPU time of the server so far."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost_s(server: Serving, attack: Callable[[], object]) -> float:
    """Attack, and return the CPU time that it costs the server, which is asked for nothing else meanwhile."""
    before = cpu_s(server)
    attack()
    return cpu_s(server) - before


def peak_memory(server: Serving) -> int:
    """Return the most memory that the server and its child processes have had, in bytes."""
    most = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        except OSError:  # it has ended
            continue
        if server.process.pid in (int(status["Pid"]), int(status["PPid"])) and "VmHWM" in status:
            most += int(status["VmHWM"].split()[0]) * 1024
    assert most
    return most


class Pulse:
    """Asks for the health of a server all the time, in a process of its own (``pulse.py``).

    Args:
        server: The server.
        source: The address that it connects from.

    Attributes:
        longest_s: The longest time for an answer, without the time in which the machine had no core for it.
        longest_work_s: The longest time that the event loop has worked for others before an answer.
    """

    def __init__(self, server: Serving, source: str = "127.0.0.1") -> None:
        host, port = address(server)
        self._command = [sys.executable, "-S", str(PULSE), host, str(port), str(server.process.pid), source]
        self.longest_s = self.longest_work_s = 0.0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "begun\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        said, _ = self._process.communicate(timeout=60)
        assert self._process.returncode == 0
        self.longest_s, self.longest_work_s = map(float, said.split())


def undisturbed(server: Serving, attack: Callable[[], T]) -> T:
    """Attack, and check that everybody gets an answer in time meanwhile; return what the attack gives.

    What this machine does besides must not count. So the attacker is the last to get a core, the time in which nobody
    else could run is subtracted (``pulse.py``), and an attack that seems to succeed is repeated: what the server itself
    does wrong, it does every time.
    """
    longest_s = []
    for _ in range(WINDOWS):
        with Pulse(server) as pulse, ThreadPoolExecutor(1, initializer=lambda: os.nice(19)) as attacker:
            result = attacker.submit(attack).result()
        longest_s.append(pulse.longest_s)
        if pulse.longest_s <= STANDSTILL_S:
            return result
    raise AssertionError(f"/healthz took up to {longest_s} s")
