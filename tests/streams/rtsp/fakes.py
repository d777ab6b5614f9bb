"""Pictures without encoders, and ways that keep what is sent."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from streams import EncodedFrame
from streams.rtsp.delivery import Delivery
from tests.streams.rtp.test_stream import Wire

KEY = b"\x00\x00\x00\x01\x67\x42\xc0\x0b\x00\x00\x00\x01\x68\xce\x00\x00\x00\x01\x65" + b"k" * 40
REST = b"\x00\x00\x00\x01\x41" + b"p" * 40


def coded(number: int = 0, *, is_key: bool = False, size: int = 0) -> EncodedFrame:
    """Return a picture of H.264, of which only the units are true."""
    data = (KEY if is_key else REST) + b"x" * size
    return EncodedFrame(data, "h264", 3000 * number, is_key, 160, 120, captured_at=100.0 + number / 30)


class Way(Delivery):
    """A way that keeps packets and reports."""

    def __init__(self, *, is_lossless: bool = True) -> None:
        self.is_lossless = is_lossless  # type: ignore[misc]  # each way of the program has its own class
        self.path: Wire = Wire()
        self.transport = "RTP/AVP/FAKE"
        self.reports: list[bytes] = []
        self.behind = False
        self.closed = 0

    @property
    def packets(self) -> list[bytes]:
        """All packets so far."""
        return [packet for call in self.path.calls for packet in call]

    def send_report(self, data: bytes) -> None:
        self.reports.append(data)

    def is_behind(self, bits_per_second: int) -> bool:
        return self.behind

    def close(self) -> None:
        self.closed += 1


def udp_socket(host: str = "127.0.0.1") -> socket.socket:
    """Return a UDP socket on a free port, which does not block."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((host, 0))
    return sock


async def received(sock: socket.socket) -> bytes:
    """Wait for a datagram."""
    async with asyncio.timeout(5):
        return await asyncio.get_running_loop().sock_recv(sock, 2048)


def listening(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """Return a TCP socket that listens."""
    family: Any = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.bind((host, port))
    sock.listen()
    return sock
