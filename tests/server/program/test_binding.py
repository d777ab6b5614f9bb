"""Listening on an address, and the options of accepted connections."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator

import grpc
import pytest

from server.program import StartError, UsageError, host_and_port, is_loopback, listen

from ..served import CAMERAS, Served


def test_an_ipv6_address_is_in_brackets() -> None:
    assert host_and_port("127.0.0.1", 80) == "127.0.0.1:80"
    assert host_and_port("::1", 80) == "[::1]:80"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_loopback_hosts_are_recognised(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["", "no such host", "999.1.1.1", "a..b", "x" * 300])
def test_an_unknown_host_is_refused(host: str) -> None:
    with pytest.raises(UsageError) as caught:
        listen(host, 0)
    assert str(caught.value) == f'host "{host}" is neither an address nor a known name'


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError) as caught:
            listen("127.0.0.1", port)
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{port}: the port is in use by another program; end it, or choose another with "
        "--port (0 picks a free one)"
    )


@pytest.mark.parametrize(("host", "only_ipv6"), [("::", 0), ("::1", 1)])
def test_the_ipv6_wildcard_accepts_ipv4_too(host: str, only_ipv6: int) -> None:
    with listen(host, 0) as sock:
        assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == only_ipv6


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(StartError) as caught:
        listen("192.0.2.1", 8080)
    assert str(caught.value) == (
        "cannot listen on 192.0.2.1:8080: this machine does not have this address; choose one of its addresses with "
        "--host"
    )


def test_a_free_port_is_picked() -> None:
    with listen("127.0.0.1", 0) as sock:
        assert sock.getsockname()[1] > 0


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """Yield the port of each server of this process, by protocol."""

    async def poller() -> None:  # gRPC keeps one thread for all of a process; it wants a loop that runs
        grpc.aio.init_grpc_aio()

    asyncio.run(poller())
    with Served(
        tmp_path_factory.mktemp("ports"), CAMERAS + "server: {viam: {port: 0}, clarifai: {port: 0}}\n"
    ) as served:
        viam, clarifai = served.running.listeners
        yield {"http": served.client.base_url.port or 0, "viam": viam.port, "clarifai": clarifai.port}


@pytest.mark.parametrize(
    ("protocol", "request_"),
    [
        ("http", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("viam", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
        ("clarifai", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
    ],
    ids=["http", "viam", "clarifai"],
)
def test_accepted_connections_have_tcp_nodelay(ports: dict[str, int], protocol: str, request_: bytes) -> None:
    with socket.create_connection(("127.0.0.1", ports[protocol]), timeout=10) as connection:
        connection.sendall(request_)
        assert connection.recv(1)  # the connection has been accepted and is served
        assert _no_delay(connection.getsockname()[1]) == [1]


def _no_delay(peer_port: int) -> list[int]:
    """Return TCP_NODELAY of each socket of this process that is connected to a port."""
    found = []
    for entry in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # no socket, no connection, or closed meanwhile
            with socket.socket(fileno=os.dup(int(entry))) as sock:
                if sock.family in (socket.AF_INET, socket.AF_INET6) and sock.getpeername()[1] == peer_port:
                    found.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    return found
