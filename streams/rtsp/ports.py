"""The server's UDP ports, one for the video and one for reports, which all sessions share."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from ..rtp import Path, SocketPath

logger = logging.getLogger(__name__)

TRIES = 20
"""Pairs of free ports that are tried."""
SEND_BYTES = 4_000_000
"""Bytes that may wait for the network: one picture for each of many readers. The system may allow fewer."""

_AT_ONCE = 16
_PACKET_MAX = 2048


class MediaPorts:
    """Two UDP ports next to each other, the first one even. Create, use and close it in the event loop.

    One pair for all readers needs two open ports in a firewall, however many readers there are. Reports are told apart
    by the address that they come from.

    Args:
        video: The socket for the video.
        reports: The socket for RTCP.

    Attributes:
        rtp: The port for the video.
        rtcp: The port for reports.
    """

    def __init__(self, video: socket.socket, reports: socket.socket) -> None:
        self.rtp: int = video.getsockname()[1]
        self.rtcp: int = reports.getsockname()[1]
        self._video = video
        self._reports = reports
        self._readers: dict[tuple[object, ...], Callable[[bytes], object]] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(reports, self._receive)

    def path(self, address: tuple[Any, ...]) -> Path:
        """Return the way of the video to an address."""
        return SocketPath(self._video, address)

    def add(self, address: tuple[object, ...], on_report: Callable[[bytes], object]) -> None:
        """Call a function with each packet that comes from an address."""
        self._readers[address[:2]] = on_report

    def remove(self, address: tuple[object, ...]) -> None:
        """Ignore what comes from an address. Safe to call twice."""
        self._readers.pop(address[:2], None)

    def send_report(self, data: bytes, address: tuple[Any, ...]) -> None:
        """Send a packet of RTCP; it is lost where the network does not take it."""
        with suppress(OSError):
            self._reports.sendto(data, address)

    def close(self) -> None:
        """Close the ports. Safe to call twice."""
        if self._reports.fileno() >= 0:
            self._loop.remove_reader(self._reports)
        self._video.close()
        self._reports.close()

    def _receive(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                data, address = self._reports.recvfrom(_PACKET_MAX)
            except OSError:  # nothing more has come; or a reader's port is closed
                return
            on_report = self._readers.get(address[:2])
            if on_report is not None:
                on_report(data)


def open_media_ports(listening: socket.socket) -> MediaPorts | None:
    """Open the ports at the address of a listening socket; ``None`` if no pair is free.

    They are those with the number of that port, if it is even and both are free; else the next ones, else any.

    Args:
        listening: The socket that accepts the connections.
    """
    host, port, *rest = listening.getsockname()
    for number in _numbers(port):
        pair = [_bound(listening, (host, each, *rest)) for each in (number, number + 1)]
        if pair[0] is not None and pair[1] is not None:
            return MediaPorts(pair[0], pair[1])
        for sock in pair:
            if sock is not None:
                sock.close()
    logger.warning("RTSP: no two UDP ports next to each other are free; its clients get video over TCP only")
    return None


def _numbers(port: int) -> Iterator[int]:
    """Yield the first ports of the pairs to try."""
    first = port + port % 2
    yield from (number for number in (first, first + 2) if number + 1 < 65_536)
    for _ in range(TRIES):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            number = probe.getsockname()[1]
        yield number - number % 2


def _bound(listening: socket.socket, address: tuple[Any, ...]) -> socket.socket | None:
    sock = socket.socket(listening.family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    try:
        if listening.family == socket.AF_INET6:
            sock.setsockopt(
                socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, listening.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            )
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        sock.bind(address)
    except OSError:
        sock.close()
        return None
    return sock
