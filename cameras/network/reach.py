"""The addresses that a stream may lead to, and connections to them."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from . import addresses

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935, "rtmps": 443}
"""The usual port of each protocol."""

_CONNECT_S = 30.0
_CHECK_S = 0.1


class Reach:
    """Connects to the host of a stream and to public addresses; never to others.

    The host of the stream may be anywhere, but only at the port of its URL, or at that of HTTPS.

    Args:
        url: The URL of the stream.
        closed: Tells a running attempt to stop.

    Attributes:
        refused: Whether an address was refused.
        failure: Why the last connection could not be made; ``None`` if it was.
    """

    def __init__(self, url: str, closed: Callable[[], bool]) -> None:
        parts = urlsplit(url)
        self.refused = False
        self.failure: OSError | None = None
        self._closed = closed
        self._host = plain(parts.hostname or "")
        self._ports = {parts.port or PORTS.get(parts.scheme.lower(), 0), PORTS["https"]}

    def connect(self, host: str, port: int, timeout_s: float = _CONNECT_S) -> socket.socket | None:
        """Return a connection to a host; ``None`` if it must not be reached or does not answer."""
        failure: OSError | None = None
        self.failure = None
        for family, kind, protocol, address in self._allowed(host, port):
            connection = socket.socket(family, kind, protocol)
            try:
                self._connect(connection, address, timeout_s)
            except OSError as error:
                connection.close()
                failure = error
            else:
                self.failure = None
                return connection
        self.failure = self.failure or failure
        return None

    def host_for(self, host: str, port: int) -> str | None:
        """Return what another program may connect to for a host: its name, or a public address of it; else ``None``.

        A name that is public now could be another address when it is looked up again.
        """
        self.failure = None
        if self._is_own(host, port):
            return host
        return next((str(address[0]) for *_, address in self._allowed(host, port)), None)

    def _is_own(self, host: str, port: int) -> bool:
        return plain(host) == self._host and port in self._ports

    def _allowed(self, host: str, port: int) -> Iterator[tuple[int, int, int, tuple[str | int | bytes, ...]]]:
        """Yield the addresses of a host that may be reached, as arguments of a socket and its connection."""
        try:
            found = socket.getaddrinfo(plain(host), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            self.failure = socket.gaierror(socket.EAI_NONAME, "no such host")
            return
        own = self._is_own(host, port)
        for family, kind, protocol, _, address in found:
            if own or addresses.is_public(ip_address(str(address[0]).partition("%")[0])):
                yield family, kind, protocol, address
            else:
                self.refused = True

    def _connect(self, connection: socket.socket, address: tuple[str | int | bytes, ...], timeout_s: float) -> None:
        """Connect, unless closed meanwhile.

        Raises:
            OSError: The address does not answer.
        """
        connection.setblocking(False)
        deadline_s = time.monotonic() + timeout_s
        connection.connect_ex(address)
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_WRITE)
            while not selector.select(_CHECK_S):
                if self._closed() or time.monotonic() > deadline_s:
                    raise TimeoutError(errno.ETIMEDOUT, "no answer")
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        connection.setblocking(True)


def plain(host: str) -> str:
    """Return a host name in the form in which names are compared."""
    return host.lower().removesuffix(".")
