"""How the packets of a session leave: between the messages of its connection, or over UDP."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from ..rtp import Path
from .ports import MediaPorts
from .transports import Channels, ClientPorts

BEHIND_S = 2.0
"""Pictures for so long may wait for a reader over TCP; then it is behind."""
BEHIND_BYTES = (512_000, 8_000_000)
"""Least and most bytes that may wait: two key frames of a usual camera, and what a server can hold for many readers."""


class Delivery(ABC):
    """The way to one reader.

    Attributes:
        is_lossless: Whether what leaves arrives: the reader then needs whole pictures only.
        channels: The channels of video and reports on a connection; empty for UDP.
        path: The way of the video.
        transport: What it is, as the server answers it in ``Transport``.
    """

    is_lossless: ClassVar[bool]
    channels: tuple[int, ...] = ()
    path: Path
    transport: str

    @abstractmethod
    def send_report(self, data: bytes) -> None:
        """Send a packet of RTCP."""

    def is_behind(self, bits_per_second: int) -> bool:
        """Return whether too much waits for the reader to begin another picture."""
        return False

    @abstractmethod
    def close(self) -> None:
        """Receive nothing more. Safe to call twice."""


class TcpDelivery(Delivery):
    """Packets between the messages of a connection (RFC 2326, section 10.12).

    The connection takes whole pictures, so that what a reader gets is never cut; :meth:`is_behind` bounds what waits.

    Args:
        channels: The channels.
        write: Sends bytes on the connection.
        unsent: Returns how many bytes the connection has not sent yet.
    """

    is_lossless = True

    def __init__(self, channels: Channels, write: Callable[[bytes], object], unsent: Callable[[], int]) -> None:
        self.channels = channels.rtp, channels.rtcp
        self.path = _InterleavedPath(channels.rtp, write)
        self.transport = f"RTP/AVP/TCP;unicast;interleaved={channels.rtp}-{channels.rtcp}"
        self._write = write
        self._unsent = unsent

    def send_report(self, data: bytes) -> None:
        """Send a packet of RTCP."""
        self._write(_head(self.channels[1], len(data)) + data)

    def is_behind(self, bits_per_second: int) -> bool:
        """Return whether more waits than the reader is given time for."""
        least, most = BEHIND_BYTES
        return self._unsent() > min(max(BEHIND_S * bits_per_second / 8, least), most)

    def close(self) -> None:
        """Do nothing: the connection goes on."""


class UdpDelivery(Delivery):
    """Packets over UDP.

    Args:
        client: The client's ports.
        address: The client's address, as its connection has it, with any port.
        ports: The server's ports.
        on_report: Called with each packet of RTCP that comes from the client.
    """

    is_lossless = False

    def __init__(
        self, client: ClientPorts, address: tuple[object, ...], ports: MediaPorts, on_report: Callable[[bytes], object]
    ) -> None:
        host, _, *rest = address
        self._is_open = True
        self._client = client
        self._ports = ports
        self._reports_to = (host, client.rtcp, *rest)
        self.path = ports.path((host, client.rtp, *rest))
        self.transport = (
            f"{client.profile};unicast;client_port={client.rtp}-{client.rtcp};server_port={ports.rtp}-{ports.rtcp}"
        )
        ports.add(self._reports_to, on_report)

    def overlaps(self, wanted: ClientPorts) -> bool:
        """Return whether it uses some of the ports that another session of the client wants."""
        used = {self._client.rtp, self._client.rtcp}
        return self._is_open and not used.isdisjoint({wanted.rtp, wanted.rtcp})

    def send_report(self, data: bytes) -> None:
        """Send a packet of RTCP."""
        self._ports.send_report(data, self._reports_to)

    def close(self) -> None:
        """Receive nothing more."""
        if self._is_open:
            self._is_open = False
            self._ports.remove(self._reports_to)


class _InterleavedPath(Path):
    """The way of the video on a connection."""

    def __init__(self, channel: int, write: Callable[[bytes], object]) -> None:
        self._channel = channel
        self._write = write

    def send(self, packets: memoryview, segment_bytes: int) -> int:
        """Send packets, each behind its channel and length. All leave: the connection keeps what has no room yet."""
        parts: list[bytes | memoryview] = []
        for at in range(0, len(packets), segment_bytes):
            packet = packets[at : at + segment_bytes]
            parts += (_head(self._channel, len(packet)), packet)
        self._write(b"".join(parts))
        return len(parts) // 2


def _head(channel: int, size: int) -> bytes:
    return struct.pack("!cBH", b"$", channel, size)
