"""A port for gRPC clients, with the methods of one system. Only here grpclib's server is used."""

from __future__ import annotations

import asyncio
import logging
import ssl
import weakref
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

import grpclib.events
from grpclib import GRPCError, Status
from grpclib.const import Cardinality
from grpclib.const import Handler as Method
from grpclib.events import RecvRequest
from grpclib.protocol import EventsProcessor, H2Protocol
from grpclib.protocol import Stream as Transfer
from grpclib.server import Handler, Server, Stream

from cameras import require_internals, sets_attribute
from pipeline import LimitsConfig

from ..connections import CONNECTION, Acceptor, Connection, Port
from ..program import host_and_port, listen
from .connection import CallHandler, Http2Protocol

logger = logging.getLogger(__name__)

Call = Callable[[Stream[Any, Any]], Coroutine[Any, Any, None]]


class Service(Protocol):
    """What has gRPC methods, generated or not."""

    def __mapping__(self) -> Mapping[str, Method]:
        """Return the methods by path."""


class Methods(dict[str, Method]):
    """The methods of a port by path; calls of any other path are refused with a sentence.

    grpclib's own refusal lacks a header, and its clients report only that the header is missing.

    Args:
        methods: The methods.
        sentence: Returns the refusal of an unknown path.
    """

    def __init__(self, methods: Mapping[str, Method], sentence: Callable[[str], str]) -> None:
        super().__init__(methods)
        self._sentence = sentence

    def get(self, path: str, default: Any = None) -> Any:
        """Return the method of a path, or its refusal."""
        method = super().get(path)
        if method is None:
            method = Method(refusing(self._sentence(path[:200])), Cardinality.STREAM_STREAM, bytes, bytes)
        return method._replace(func=_by_turns(method.func))


def refusing(sentence: str) -> Call:
    """Return a method that refuses every call with a sentence."""

    async def call(stream: Stream[Any, Any]) -> None:
        raise GRPCError(Status.UNIMPLEMENTED, sentence)

    return call


def _by_turns(answer: Call) -> Call:
    """Return a method whose steps take turns with those of all other requests."""

    async def call(stream: Stream[Any, Any]) -> None:
        connection: Connection = stream._stream._transport.get_extra_info(CONNECTION)
        await connection.run(answer(stream))

    return call


async def open_port(
    name: str,
    services: Sequence[Service],
    unknown: Callable[[str], str],
    acceptor: Acceptor,
    limits: Callable[[], LimitsConfig],
    address: tuple[str, int, str],
    tls: ssl.SSLContext | None = None,
    check: Callable[[RecvRequest], Coroutine[Any, Any, None]] | None = None,
) -> GrpcPort:
    """Open a port for gRPC clients.

    Args:
        name: The clients that connect to it, for the log.
        services: The services with its methods.
        unknown: Returns the refusal of a path that is none of these methods.
        acceptor: Accepts its connections.
        limits: Returns the present limits.
        address: Host, port, and the setting that changes the port, for errors.
        tls: The TLS of the port; without it the port speaks plain gRPC.
        check: Called with each call before its request is read; refuses it by raising ``GRPCError``.

    Raises:
        StartError: The server cannot listen on the address.
    """
    sock = listen(*address)
    number: int = sock.getsockname()[1]
    server = _Server(services, unknown, limits)
    if check is not None:
        grpclib.events.listen(server, RecvRequest, check)
    opened = GrpcPort(name, number, server, acceptor.listen(sock, server.protocol, tls))
    logger.info(
        "listening on %s for %s (gRPC%s)", host_and_port(address[0], number), name, "" if tls is None else " with TLS"
    )
    return opened


class GrpcPort:
    """An open port.

    Attributes:
        name: The clients that connect to it, for the log.
        port: The port number.
    """

    def __init__(self, name: str, number: int, server: _Server, port: Port) -> None:
        self.name = name
        self.port = number
        self._server = server
        self._port = port

    async def close(self) -> None:
        """Stop accepting connections, cancel the calls in progress, and close all connections. Safe to call twice."""
        self._port.close()
        await self._server.hang_up()


def check_grpclib() -> None:
    """Check that every private attribute of grpclib used here exists. Call it in the event loop.

    Raises:
        UnsuitableLibrary: The installed version lacks some of them.
    """
    server = Server([])
    wanted: list[tuple[object, str]] = [
        (server, "_mapping"),
        (server, "_handlers"),
        (server, "_config"),
        (server, "_h2_config"),
        (Handler, "wait_closed"),
        (EventsProcessor, "close"),
        (Transfer, "recv_data"),
    ]
    set_later = [
        (Stream, Stream.__init__, "_stream"),
        (Transfer, Transfer.__init__, "_transport"),
        (H2Protocol, H2Protocol.connection_made, "processor"),
        (Handler, Handler.__init__, "_tasks"),
        (Handler, Handler.__init__, "_cancelled"),
    ]
    missing = [f"{owner.__name__}.{name}" for owner, method, name in set_later if not sets_attribute(method, name)]
    require_internals("grpclib", wanted, missing=missing)


class _Server(Server):
    """grpclib's server, which accepts no connections itself, and closes them; grpclib's own leaves them open."""

    def __init__(
        self, services: Sequence[Service], unknown: Callable[[str], str], limits: Callable[[], LimitsConfig]
    ) -> None:
        super().__init__(services)
        self._mapping = Methods(self._mapping, unknown)
        self._limits = limits
        self._open: weakref.WeakSet[Http2Protocol] = weakref.WeakSet()

    def protocol(self) -> Http2Protocol:
        """Return the protocol of a new connection."""
        self.__gc_step__()
        handler = CallHandler(self._mapping, self._codec, self._status_details_codec, self.__dispatch__)
        self._handlers.add(handler)
        protocol = Http2Protocol(handler, self._config, self._h2_config, self._limits)
        self._open.add(protocol)
        return protocol

    async def hang_up(self) -> None:
        """Cancel the calls, wait for them to end, and close every connection."""
        handlers = list(self._handlers)
        for handler in handlers:
            handler.close()
        await asyncio.gather(*(handler.wait_closed() for handler in handlers))
        for protocol in list(self._open):
            if hasattr(protocol, "processor"):  # a new connection may have none yet
                protocol.hang_up()
