"""Receives RTP as cheaply as Python can: one thread empties all sockets and counts, and decrypts nothing.

What asyncio takes for a packet is more than the server takes to send it, beside which the receivers run.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

SEQUENCES = 1 << 16
_LARGEST = 2048
_RECEIVE_BUFFER = 4 << 20
_AT_MOST_S = 0.2

Other = Callable[[bytes, Any], None]
"""Takes a datagram that is no RTP, and the address of its sender; called on the thread of the drain."""


@dataclass(slots=True)
class Received:
    """What has come to one socket so far.

    Attributes:
        packets: RTP packets.
        frames: Those with the marker bit, which is set in the last one of a frame.
        sequence: The sequence number of the last one.
        first_s: When the first one came, by the monotonic clock; 0 before.
    """

    packets: int = 0
    frames: int = 0
    sequence: int = 0
    first_s: float = 0.0

    def take(self, second: int, high: int, low: int) -> None:
        """Count a packet: its second byte, and both of its sequence number."""
        if not self.packets:
            self.first_s = time.monotonic()
        self.packets += 1
        self.frames += second >> 7
        self.sequence = high << 8 | low


@dataclass(frozen=True)
class Count:
    """What one receiver got between two looks.

    Attributes:
        packets: RTP packets.
        frames: Whole frames, by their marker bits.
        lost: Packets whose numbers were passed over.
    """

    packets: int
    frames: int
    lost: int


def between(before: tuple[int, int, int], after: tuple[int, int, int]) -> Count:
    """Return what a receiver got between two looks, each its packets, frames and last sequence number.

    Less than ``SEQUENCES`` packets may lie between them.
    """
    packets = after[0] - before[0]
    return Count(packets, after[1] - before[1], (after[2] - before[2]) % SEQUENCES - packets)


class Drain:
    """A thread that empties sockets; use it with ``with``."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._sockets: dict[int, tuple[socket.socket, Received, Other]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._poll.close()

    def add(self, receiver: socket.socket, other: Other = lambda data, address: None) -> Received:
        """Receive what comes to a socket, until it is closed by its owner.

        Args:
            receiver: Does not block.
            other: Gets what is no RTP: STUN, DTLS, RTCP.
        """
        # What a burst for all receivers needs while this thread waits for its turn; as large as the system allows.
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        received = Received()
        number = receiver.fileno()
        self._sockets[number] = receiver, received, other
        self._poll.register(number, select.EPOLLIN)
        return received

    def _run(self) -> None:
        buffer = bytearray(_LARGEST)
        while not self._ended.is_set():
            for number, _ in self._poll.poll(_AT_MOST_S):
                receiver, received, other = self._sockets[number]
                with contextlib.suppress(OSError):  # empty, or closed meanwhile
                    while True:
                        size, address = receiver.recvfrom_into(buffer)
                        second = buffer[1]
                        if not 128 <= buffer[0] < 192 or 192 <= second < 224:  # RFC 7983 and 5761
                            other(bytes(buffer[:size]), address)
                        else:
                            received.take(second, buffer[2], buffer[3])
