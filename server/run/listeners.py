"""The ports besides HTTP, for the protocols of other systems."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from pipeline import ServerConfig

from ..clarifai import open_clarifai
from ..connections import Acceptor, Certificate
from ..core import Backend


class Listener(Protocol):
    """An open port of another protocol.

    Attributes:
        name: The clients that connect to it, for the log.
        port: The port number.
    """

    name: str
    port: int

    async def close(self) -> None:
        """Stop accepting connections, and end the calls in progress."""


def check_listener_libraries(server: ServerConfig) -> None:
    """Check the private attributes of libraries that these ports use. Call it in the event loop.

    Raises:
        UnsuitableLibrary: An installed version lacks some of them.
    """
    if server.viam is not None or server.clarifai is not None:
        from ..grpc import check_grpclib

        check_grpclib()


async def open_listeners(
    backend: Backend, acceptor: Acceptor, certificate: Certificate | None = None
) -> AsyncIterator[Listener]:
    """Open the configured ports one after the other; import their packages only then.

    Args:
        backend: The backend of all protocols.
        acceptor: Accepts the connections of all ports.
        certificate: The certificate of the server; ``None`` without TLS. Clarifai's port has its own.

    Raises:
        StartError: The server cannot listen on an address.
    """
    server = backend.config.server
    if server.viam is not None:
        from ..viam import open_viam

        tls = None if certificate is None else certificate.context("h2")
        yield await open_viam(backend, acceptor, server.host, server.viam.port, tls)
    if server.clarifai is not None:
        yield await open_clarifai(backend, acceptor, server.host, server.clarifai)
    if server.rtsp is not None:
        from ..rtsp import open_rtsp

        yield open_rtsp(backend, acceptor, server.host, server.rtsp.port)
