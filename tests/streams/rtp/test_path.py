"""The ways to a viewer, by real sockets on loopback and by ones that fail."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any, cast

import pytest

from streams.rtp import RelayPath, SocketPath

DATA = b"".join(bytes([number]) * 100 for number in range(5)) + b"last"


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(5)
        yield udp


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as udp:
        udp.setblocking(False)
        yield udp


class Failing:
    """A socket that cannot send several packets in one call, after a number of calls that it can."""

    def __init__(self, udp: socket.socket, error: int, after: int = 0) -> None:
        self._udp = udp
        self._error = error
        self._left = after
        self.calls = 0

    def sendmsg(self, *arguments: Any) -> int:
        self.calls += 1
        if not self._left:
            raise OSError(self._error, "the offload failed")
        self._left -= 1
        return self._udp.sendmsg(*arguments)

    def sendto(self, *arguments: Any) -> int:
        return self._udp.sendto(*arguments)


class Full:
    """A socket that has room for a number of packets."""

    def __init__(self, room: int) -> None:
        self.room = room

    def sendmsg(self, buffers: tuple[memoryview, ...], *arguments: Any) -> int:
        raise BlockingIOError

    def sendto(self, packet: memoryview, address: object) -> int:
        if not self.room:
            raise BlockingIOError
        self.room -= 1
        return len(packet)


def packets(udp: socket.socket, number: int) -> bytes:
    """Receive packets; return them one after another."""
    return b"|".join(udp.recv(2000) for _ in range(number))


WHOLE = b"|".join((*(DATA[at : at + 100] for at in range(0, 500, 100)), b"last"))


def test_many_packets_arrive_one_by_one_over_ipv6() -> None:
    with closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as udp:
        udp.bind(("::1", 0))
        udp.settimeout(5)
        path = SocketPath(udp, ("::1", udp.getsockname()[1]))  # two values, as aioice has them
        assert path.send(memoryview(DATA), 100) == 6 and path.segments
        assert packets(udp, 6) == WHOLE


def test_many_packets_arrive_one_by_one(receiver: socket.socket, sender: socket.socket) -> None:
    path = SocketPath(sender, receiver.getsockname())
    assert path.send(memoryview(DATA), 100) == 6
    assert packets(receiver, 6) == WHOLE
    assert path.send(memoryview(b"alone"), 100) == 1
    assert packets(receiver, 1) == b"alone"


@pytest.mark.parametrize("error", [errno.EIO, errno.EINVAL, errno.EMSGSIZE])
@pytest.mark.parametrize("after", [0, 2])
def test_where_segmentation_fails_no_packet_is_lost(
    receiver: socket.socket, sender: socket.socket, error: int, after: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    failing = Failing(sender, error, after)
    path = SocketPath(cast(socket.socket, failing), receiver.getsockname())
    for _ in range(4):
        assert path.send(memoryview(DATA), 100) == 6
        assert packets(receiver, 6) == WHOLE
    assert failing.calls == after + 1 and not path.segments
    assert caplog.messages == [
        f"127.0.0.1: packets are sent one by one from now on ([Errno {error}] the offload failed)"
    ]


def test_a_full_socket_says_how_many_packets_have_left() -> None:
    full = Full(3)
    path = SocketPath(cast(socket.socket, full), ("127.0.0.1", 9))
    assert path.send(memoryview(DATA), 100) == 0
    path.segments = False
    assert path.send(memoryview(DATA), 100) == 3
    assert path.send(memoryview(b"x"), 100) == 0


def test_what_the_network_refuses_counts_as_sent(sender: socket.socket) -> None:
    path = SocketPath(sender, ("127.0.0.1", 0))  # EINVAL
    assert path.send(memoryview(DATA), 100) == 6


class Unreachable(Failing):
    """A socket without a route for a number of calls."""

    def sendto(self, *arguments: Any) -> int:
        raise OSError(errno.ENETUNREACH, "no route")


def test_a_network_that_is_away_for_a_while_is_no_failure_of_segmentation(
    receiver: socket.socket, sender: socket.socket
) -> None:
    away = Unreachable(sender, errno.ENETUNREACH)
    path = SocketPath(cast(socket.socket, away), receiver.getsockname())
    assert path.send(memoryview(DATA), 100) == 6
    away._left = 1
    assert path.send(memoryview(DATA), 100) == 6
    assert packets(receiver, 6) == WHOLE
    assert away.calls == 2 and path.segments


def test_a_relay_gets_each_packet() -> None:
    sent: list[bytes] = []
    assert RelayPath(sent.append).send(memoryview(DATA), 100) == 6
    assert b"|".join(sent) == WHOLE
