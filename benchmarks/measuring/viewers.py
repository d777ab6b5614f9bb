"""WHEP viewers in a separate process, so that their cost is not measured as that of the server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Self

from .program import CpuMeter, ProgramError

ROOT = Path(__file__).parents[2]


class Viewers:
    """A process that watches cameras of a server with aiortc and only counts packets; it ends with the ``with``.

    Args:
        url: The server's address, without a slash at the end.

    Attributes:
        meter: Its CPU time.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.measuring.viewer_process", self._url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        self.meter = CpuMeter(self._process.pid)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()  # the viewers end with their input
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def open(self, *cameras: str, number: int = 1) -> None:
        """Open further viewers of each camera, and return when each viewer has received packets.

        Raises:
            ProgramError: The server refuses a viewer, or sends it no packets.
        """
        self._ask(f"open {number} {' '.join(cameras)}")

    def join_ms(self, camera: str) -> float:
        """Open a further viewer, and return the milliseconds from its offer to its first packet.

        Raises:
            ProgramError: The server refuses it, or sends it no packets.
        """
        return float(self._ask(f"join {camera}"))

    def close(self) -> None:
        """Close every viewer and end its session.

        Raises:
            ProgramError: The process has ended.
        """
        self._ask("close")

    def packets(self) -> int:
        """Return the number of RTP packets received by all viewers so far."""
        return int(self._ask("packets"))

    def _ask(self, command: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(command + "\n")
            kind, _, said = self._process.stdout.readline().rstrip("\n").partition(" ")
        except BrokenPipeError:
            kind, said = "", ""
        if kind != "ok":
            raise ProgramError(f"viewers: {said or 'the process has ended'}")
        return said
