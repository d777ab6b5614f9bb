"""Taking an address."""

import socket

import pytest

from server.binding import is_loopback, listen, written
from server.problems import StartError, UsageError


def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert written("127.0.0.1", 80) == "127.0.0.1:80"
    assert written("::1", 80) == "[::1]:80"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_who_is_let_in_by_a_host_is_known(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["", "no such host", "999.1.1.1", "a..b", "x" * 300])
def test_what_is_no_host_is_refused(host: str) -> None:
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


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(StartError) as caught:
        listen("192.0.2.1", 8080)
    assert str(caught.value) == (
        "cannot listen on 192.0.2.1:8080: this machine has no such address; choose one that it has with --host"
    )


def test_a_free_port_is_picked() -> None:
    with listen("127.0.0.1", 0) as sock:
        assert sock.getsockname()[1] > 0
