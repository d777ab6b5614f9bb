"""How packets leave for one viewer: many in one system call where the system cuts them (UDP_SEGMENT)."""

from __future__ import annotations

import logging
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any, Protocol

logger = logging.getLogger(__name__)

_UDP_SEGMENT = 103  # linux/udp.h
_HAS_SEGMENTATION = sys.platform == "linux"


class Path(Protocol):
    """The way to one viewer."""

    def send(self, packets: memoryview, segment_bytes: int) -> int:
        """Send packets that stand one after another; all but the last have ``segment_bytes``.

        Returns:
            The number of packets that have left; fewer than all where there was no room for the others. Those that the
            network refuses have left, too: they are lost as on the way.
        """


class SocketPath:
    """The way to an address through a UDP socket.

    Segmentation can fail at any time: at the first packets with EIO where a network card cannot checksum them, or
    later with EINVAL or EMSGSIZE where the route changes. The packets then leave one by one, from that call on. Where
    the network refuses single packets too, as without a route, segmentation is not to blame, and is tried again.

    Args:
        udp: A UDP socket that does not block; the caller owns it.
        address: The address of the viewer.
    """

    def __init__(self, udp: socket.socket, address: tuple[Any, ...]) -> None:
        self._socket = udp
        self.address = address
        self.segments = _HAS_SEGMENTATION
        self._control = (0, [(socket.IPPROTO_UDP, _UDP_SEGMENT, b"")])
        self._refused = False

    def send(self, packets: memoryview, segment_bytes: int) -> int:
        """Send packets, in one system call if possible."""
        if len(packets) <= segment_bytes:
            return int(self._has_sent(packets))
        failure: OSError | None = None
        if self.segments:
            size, control = self._control
            if size != segment_bytes:
                control = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", segment_bytes))]
                self._control = segment_bytes, control
            try:
                self._socket.sendmsg((packets,), control, 0, self.address)
                return -(-len(packets) // segment_bytes)
            except BlockingIOError:
                return 0
            except OSError as error:
                failure = error
        left = 0
        for at in range(0, len(packets), segment_bytes):
            if not self._has_sent(packets[at : at + segment_bytes]):
                break
            left += 1
        if failure is not None and not self._refused:
            self.segments = False
            logger.info("%s: packets are sent one by one from now on (%s)", self.address[0], failure)
        return left

    def _has_sent(self, packet: memoryview) -> bool:
        self._refused = False
        try:
            self._socket.sendto(packet, self.address)
        except BlockingIOError:
            return False
        except OSError as error:
            self._refused = True
            logger.debug("%s: %s", self.address[0], error)
        return True


class RelayPath:
    """The way through a TURN server, which takes one packet at a time.

    Args:
        send: Sends one packet.
    """

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send = send

    def send(self, packets: memoryview, segment_bytes: int) -> int:
        """Send packets one by one."""
        starts = range(0, len(packets), segment_bytes)
        for at in starts:
            self._send(bytes(packets[at : at + segment_bytes]))
        return len(starts)
