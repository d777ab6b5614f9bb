"""What is counted as received, and as lost."""

import socket
import struct
import threading
from typing import Any

from benchmarks.measuring.drain import SEQUENCES, Count, Drain, between

STUN = bytes((0, 1)) + bytes(18)
RTCP = bytes((128, 200)) + bytes(26)


def rtp(number: int, *, marked: bool = False) -> bytes:
    return struct.pack("!BBHII", 128, 96 | (128 if marked else 0), number, 0, 1) + b"picture"


def test_rtp_is_counted_and_all_else_is_passed_on() -> None:
    others: list[bytes] = []
    done = threading.Event()

    def other(data: bytes, address: Any) -> None:
        others.append(data)
        if len(others) == 2:
            done.set()

    with (
        Drain() as drain,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        received = drain.add(receiver, other)
        assert received.first_s == 0
        for datagram in (rtp(65_535), rtp(0, marked=True), STUN, rtp(1), rtp(2, marked=True), RTCP):
            sender.sendto(datagram, receiver.getsockname())
        assert done.wait(10)
    assert (received.packets, received.frames, received.sequence) == (4, 2, 2)
    assert received.first_s > 0
    assert others == [STUN, RTCP]


def test_a_socket_that_is_closed_disturbs_no_other() -> None:
    done = threading.Event()
    with Drain() as drain, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for each in (closed, receiver):
            each.bind(("127.0.0.1", 0))
            each.setblocking(False)
        drain.add(closed)
        drain.add(receiver, lambda data, address: done.set())
        closed.close()
        receiver.sendto(STUN, receiver.getsockname())
        assert done.wait(10)


def test_packets_between_two_looks_whose_numbers_were_passed_over_are_lost() -> None:
    assert between((100, 10, 500), (130, 14, 530)) == Count(30, 4, 0)
    assert between((100, 10, 500), (127, 13, 530)) == Count(27, 3, 3)
    assert between((100, 10, SEQUENCES - 10), (130, 14, 20)) == Count(30, 4, 0)
