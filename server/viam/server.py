"""The port for Viam's clients, in the event loop of the HTTP server."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Sequence
from socket import socket

from grpclib.protocol import EventsProcessor, H2Protocol
from grpclib.protocol import Stream as Transfer
from grpclib.server import Handler, Server, Stream

from cameras import require_internals, sets_attribute

from ..core import Backend
from ..program import host_and_port, listen
from .calls import Calls, Methods
from .camera import CameraCalls
from .models import MlModelCalls
from .robot import RobotCalls
from .vision import VisionCalls

logger = logging.getLogger(__name__)


async def open_viam(backend: Backend, host: str, port: int) -> ViamServer:
    """Open the port for Viam's clients.

    Raises:
        StartError: The server cannot listen on the address.
    """
    sock = listen(host, port, "server.viam.port")
    server = ViamServer(backend, sock)
    await server.start()
    logger.info("listening on %s for Viam's clients", host_and_port(host, server.port))
    return server


class ViamServer:
    """A gRPC server on a socket.

    Attributes:
        name: The clients that connect to it, for the log.
        port: The port number.
    """

    def __init__(self, backend: Backend, sock: socket) -> None:
        self.name = "Viam's clients"
        self.port: int = sock.getsockname()[1]
        self._sock = sock
        self._server = _Server([RobotCalls(backend), CameraCalls(backend), VisionCalls(backend), MlModelCalls(backend)])

    async def start(self) -> None:
        """Start to answer calls."""
        await self._server.start(sock=self._sock)

    async def close(self) -> None:
        """Stop accepting connections, cancel the calls in progress, and close all connections. Safe to call twice."""
        self._server.close()
        await self._server.hang_up()


def check_grpclib() -> None:
    """Check that every private attribute of grpclib used here and in ``calls.py`` exists. Call it in the event loop.

    Raises:
        UnsuitableLibrary: The installed version lacks some of them.
    """
    server = Server([])
    wanted: list[tuple[object, str]] = [
        (server, "_mapping"),
        (server, "_handlers"),
        (server, "_protocol_factory"),
        (Handler, "wait_closed"),
        (EventsProcessor, "close"),
        (Transfer, "recv_data"),
    ]
    set_later = [(Stream, Stream.__init__, "_stream"), (H2Protocol, H2Protocol.connection_made, "processor")]
    missing = [f"{owner.__name__}.{name}" for owner, method, name in set_later if not sets_attribute(method, name)]
    require_internals("grpclib", wanted, missing=missing)


class _Server(Server):
    """A server that closes its connections; grpclib's own leaves them open."""

    def __init__(self, services: Sequence[Calls]) -> None:
        super().__init__(services)
        self._mapping = Methods(self._mapping)
        self._connections: weakref.WeakSet[H2Protocol] = weakref.WeakSet()

    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        self._connections.add(protocol)
        return protocol

    async def hang_up(self) -> None:
        """Wait for the cancelled calls to end, and close every connection."""
        await asyncio.gather(*(handler.wait_closed() for handler in self._handlers))
        for protocol in list(self._connections):
            if hasattr(protocol, "processor"):  # a new connection may have none yet
                protocol.processor.close("the server is closing")
