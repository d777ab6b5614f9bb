"""The address to listen on: its text form, whether it is loopback, and a socket bound to it."""

from __future__ import annotations

import errno
import ipaddress
import socket

from .errors import StartError, UsageError


def host_and_port(host: str, port: int) -> str:
    """Return ``host:port`` as in a URL: an IPv6 address is in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether a host is reachable from this machine only. May wait for a DNS lookup.

    Raises:
        UsageError: The host is neither an address nor a known name.
    """
    return all(ipaddress.ip_address(address[0].partition("%")[0]).is_loopback for _, address in _resolved(host, 0))


def listen(host: str, port: int, port_option: str = "--port") -> socket.socket:
    """Return a socket bound to an address; 0 as port picks a free one.

    Args:
        host: The address, or its host name.
        port: The port.
        port_option: The option or setting that changes the port, for the error.

    Raises:
        StartError: The port is in use or not allowed, or this machine lacks the address.
        UsageError: The host is neither an address nor a known name.
    """
    family, address = _resolved(host, port)[0]
    # asyncio sets TCP_NODELAY on every connection only if the socket states its protocol. Without it, Nagle's algorithm
    # delays the end of each response until the client's delayed acknowledgement: 40 ms per request on a kept-alive
    # connection.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "::" accepts IPv4 too, independent of the machine's default.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if address[0] == "::" else 1)
        sock.bind(address)
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise StartError(f"cannot listen on {host_and_port(host, port)}: {_reason(error, port_option)}") from error
    sock.setblocking(False)
    return sock


def _reason(error: OSError, port_option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"the port is in use by another program; end it, or choose another with {port_option} (0 picks a free one)"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine does not have this address; choose one of its addresses with --host"
    if error.errno == errno.EACCES:
        return f"this user is not allowed to use the port; choose one above 1023 with {port_option}"
    return (error.strerror or str(error)).lower()


def _resolved(host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE) if host else []
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise UsageError(f'host "{host}" is neither an address nor a known name')
    # IPv4 first: most tools resolve "localhost" to 127.0.0.1.
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return [(entry[0], entry[4]) for entry in found]  # type: ignore[misc]  # both families begin with host and port
