"""A TURN server: coturn on a free port of loopback, relaying between programs of this machine."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from .nginx import free_port

START_TIMEOUT_S = 20.0
USER, PASSWORD = "cam", "secret"
_BINDING_REQUEST = b"\x00\x01\x00\x00\x21\x12\xa4\x42"  # RFC 8489; a transaction of 12 bytes follows


class TurnServer:
    """coturn as a process; the test is skipped where it is not installed.

    Args:
        folder: Where it keeps its files.

    Attributes:
        url: Its address, as in ``server.ice.servers``.
    """

    def __init__(self, folder: Path) -> None:
        program = shutil.which("turnserver")
        if program is None:
            pytest.skip("needs a TURN server: apt-get install coturn")
        self._port = free_port()
        self.url = f"turn:127.0.0.1:{self._port}"
        self._log = folder / "turnserver.log"
        self._command = [
            *(program, "-n", "--no-cli", "--no-tls", "--no-dtls", "--allow-loopback-peers", "--lt-cred-mech"),
            *("--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", str(self._port)),
            *("--user", f"{USER}:{PASSWORD}", "--realm", "test", "--log-file", "stdout"),
            *("--pidfile", str(folder / "turnserver.pid"), "--db", str(folder / "turndb")),
        ]

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        if not self._answers():
            self._end()
            raise AssertionError(f"coturn does not start:\n{self._log.read_text()[-4000:]}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _answers(self) -> bool:
        """Ask until it answers."""
        deadline = time.monotonic() + START_TIMEOUT_S
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.05)
            while time.monotonic() < deadline:
                asking.sendto(_BINDING_REQUEST + os.urandom(12), ("127.0.0.1", self._port))
                try:
                    return bool(asking.recv(2048))
                except TimeoutError:
                    continue
        return False

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
