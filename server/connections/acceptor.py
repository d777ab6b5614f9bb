"""Accept the connections of every port, and count them together."""

from __future__ import annotations

import asyncio
import errno
import logging
import ssl
from collections import OrderedDict
from collections.abc import Callable
from socket import socket

from pipeline import LimitsConfig

from ..core import Refusals, client_of
from .connection import HEAD_S, Connection, PortProtocol
from .turns import Turns

logger = logging.getLogger(__name__)

AT_ONCE = 16
"""Connections accepted in one turn of the event loop."""
PAUSE_S = 1.0
"""Pause after the system could not accept a connection, for want of file descriptors or memory."""

# Linux reports what has already happened to a waiting connection as an error of ``accept``.
_OF_NETWORK = frozenset(
    {
        errno.ENETDOWN,
        errno.EPROTO,
        errno.ENOPROTOOPT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EOPNOTSUPP,
        errno.ENETUNREACH,
    }
)

MakeProtocol = Callable[[], PortProtocol]
_Connections = OrderedDict[Connection, None]


class Acceptor:
    """Accepts the connections of every port. Create, use and close it in the event loop.

    Beyond ``limits.connections`` or ``limits.connections_per_address``, an idle connection is closed for a new one, so
    that idle connections lock nobody out: the one that has been idle longest, and first one that has never asked for
    anything. If all are busy, the new one is closed.

    asyncio's own servers do not count, and on a machine without file descriptors left they log thousands of lines.

    Args:
        limits: Returns the present limits.
        is_proxy: Returns whether an address is that of a trusted proxy, whose connections are those of many clients.
        refusals: Counts the connections that are closed at once.
    """

    def __init__(
        self,
        limits: Callable[[], LimitsConfig],
        is_proxy: Callable[[str], bool] = lambda address: False,
        refusals: Refusals | None = None,
    ) -> None:
        self._refusals = Refusals() if refusals is None else refusals
        self._limits = limits
        self._is_proxy = is_proxy
        self._loop = asyncio.get_running_loop()
        self._turns = Turns()
        self._ports: set[Port] = set()
        # Both in the order of their last activity.
        self._all: _Connections = OrderedDict()
        self._by_place: dict[str, _Connections] = {}
        self._places: dict[Connection, str] = {}
        self._connecting: dict[Connection, asyncio.Task[None]] = {}  # over TLS, they shake hands
        self._resume: asyncio.TimerHandle | None = None

    @property
    def count(self) -> int:
        """The number of open connections."""
        return len(self._all)

    def listen(self, sock: socket, make: MakeProtocol, tls: ssl.SSLContext | None = None) -> Port:
        """Start to accept connections on a listening socket, which the returned port owns.

        Args:
            sock: The socket, not blocking.
            make: Makes the protocol of a connection.
            tls: The certificate, for connections over TLS.
        """
        port = Port(self, sock, make, tls)
        self._ports.add(port)
        if self._resume is None:
            self._loop.add_reader(sock, self._accept, port)
        return port

    def close(self) -> None:
        """Stop accepting, and close all connections at once. Safe to call twice."""
        for port in list(self._ports):
            port.close()
        if self._resume is not None:
            self._resume.cancel()
            self._resume = None
        for task in self._connecting.values():
            task.cancel()
        for connection in list(self._all):
            connection.abort()

    def close_port(self, port: Port) -> None:
        """Stop accepting on a port; its connections stay."""
        if port in self._ports:
            self._ports.discard(port)
            self._loop.remove_reader(port.sock)
            port.sock.close()

    def _accept(self, port: Port) -> None:
        for _ in range(AT_ONCE):
            try:
                sock, address = port.sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _OF_NETWORK:
                    self._pause(error)
                return
            sock.setblocking(False)
            self._admit(port, sock, str(address[0]))

    def _admit(self, port: Port, sock: socket, address: str) -> None:
        place = client_of(address)
        if not self._has_room(address, place):
            sock.close()
            return
        connection = Connection(port.make(), self._limits, self._turns, address, self._touch, self._forget)
        self._all[connection] = None
        self._by_place.setdefault(place, OrderedDict())[connection] = None
        self._places[connection] = place
        task = self._loop.create_task(self._connect(connection, sock, port.tls))
        self._connecting[connection] = task

        def done(task: asyncio.Task[None]) -> None:
            del self._connecting[connection]
            if task.cancelled():  # perhaps before its first step
                sock.close()
                self._forget(connection)

        task.add_done_callback(done)

    async def _connect(self, connection: Connection, sock: socket, tls: ssl.SSLContext | None) -> None:
        limit_s = None if tls is None else HEAD_S
        try:
            await self._loop.connect_accepted_socket(lambda: connection, sock, ssl=tls, ssl_handshake_timeout=limit_s)
        except (OSError, TimeoutError) as error:  # no TLS, or a client that has gone
            logger.debug("a connection could not be set up: %s", error)
            self._forget(connection)

    def _has_room(self, address: str, place: str) -> bool:
        limits = self._limits()
        mine = self._by_place.get(place)
        if mine is not None and len(mine) >= limits.connections_per_address and not self._is_proxy(address):
            if not self._close_idle(mine):
                self._refusals.add("connections_per_address")
                logger.warning("more than %d connections from %s; further ones are closed", len(mine), place)
                return False
        if len(self._all) >= limits.connections and not self._close_idle(self._all):
            self._refusals.add("connections")
            logger.warning("more than %d connections; further ones are closed", len(self._all))
            return False
        return True

    def _close_idle(self, connections: _Connections) -> bool:
        idle: Connection | None = None
        for connection in connections:
            if not connection.busy:
                idle = idle or connection
                if not connection.protocol.has_answered:
                    idle = connection
                    break
        if idle is None:
            return False
        self._forget(idle)
        if idle in self._connecting:
            self._connecting[idle].cancel()
        idle.hang_up()
        return True

    def _touch(self, connection: Connection) -> None:
        place = self._places.get(connection)
        if place is not None:
            self._all.move_to_end(connection)
            self._by_place[place].move_to_end(connection)

    def _forget(self, connection: Connection) -> None:
        place = self._places.pop(connection, None)
        if place is not None:
            del self._all[connection]
            del self._by_place[place][connection]
            if not self._by_place[place]:
                del self._by_place[place]

    def _pause(self, error: OSError) -> None:
        """Accept nothing for a while: the system cannot, for want of file descriptors or memory."""
        self._close_idle(self._all)
        reason = (error.strerror or str(error)).lower()
        logger.warning("no connection can be accepted (%s); trying again every %g s", reason, PAUSE_S)
        for port in self._ports:
            self._loop.remove_reader(port.sock)
        self._resume = self._loop.call_later(PAUSE_S, self._accept_again)

    def _accept_again(self) -> None:
        self._resume = None
        for port in self._ports:
            self._loop.add_reader(port.sock, self._accept, port)


class Port:
    """A port that connections come in by.

    Attributes:
        sock: The listening socket.
        make: Makes the protocol of a connection.
        tls: The certificate, for connections over TLS.
    """

    def __init__(self, acceptor: Acceptor, sock: socket, make: MakeProtocol, tls: ssl.SSLContext | None) -> None:
        self._acceptor = acceptor
        self.sock = sock
        self.make = make
        self.tls = tls

    def close(self) -> None:
        """Stop accepting connections; those that are open stay. Safe to call twice."""
        self._acceptor.close_port(self)

    async def wait_closed(self) -> None:
        """Return at once: a closed port has nothing left to do."""
