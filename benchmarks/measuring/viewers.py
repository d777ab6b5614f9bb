"""WHEP viewers in a separate process, so that their cost is not measured as that of the server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from .drain import Count, between
from .program import CpuMeter, ProgramError

ROOT = Path(__file__).parents[2]


class Viewers:
    """A process that watches cameras of a server with aiortc and only counts packets; it ends with the ``with``.

    Args:
        url: The server's address, without a slash at the end; for Janus that of its API.
        protocol: ``whep`` or ``janus``.
        profile: The only SRTP profile that viewers offer, as OpenSSL calls it; empty: those of aiortc.
        address: Where they receive.

    Attributes:
        meter: Its CPU time.
    """

    def __init__(self, url: str, protocol: str = "whep", profile: str = "", address: str = "127.0.0.1") -> None:
        self._arguments = [url, "--protocol", protocol, "--profile", profile, "--address", address]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.measuring.viewer_process", *self._arguments],
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

    def close(self, *, kept: int = 0) -> None:
        """Close every viewer but the first ones, and end its session.

        Raises:
            ProgramError: The process has ended.
        """
        self._ask(f"close {kept}")

    def packets(self) -> int:
        """Return the number of RTP packets received by all open viewers so far."""
        return sum(packets for packets, _, _ in self._received())

    def received_in(self, seconds: float) -> list[Count]:
        """Wait, and return what each viewer has received meanwhile; there may be less than 65536 packets for each."""
        before = self._received()
        time.sleep(seconds)
        return [between(*each) for each in zip(before, self._received(), strict=True)]

    def _received(self) -> list[tuple[int, int, int]]:
        return [(packets, frames, last) for packets, frames, last in json.loads(self._ask("received"))]

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
