"""The ports beside HTTP, on which the protocols of other systems are spoken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from pipeline import ServerConfig

from ..clarifai import open_clarifai
from ..core import Backend


class Listener(Protocol):
    """A port of its own, open from its making until it is closed.

    Attributes:
        name: Whose clients connect to it, for the log.
        port: Its number.
    """

    name: str
    port: int

    async def close(self) -> None:
        """Accept no more connections, and end the calls in progress."""


def check_listener_libraries(server: ServerConfig) -> None:
    """Look for the private names that are used of the libraries of these ports. To be called in the event loop.

    Raises:
        UnsuitableLibrary: An installed version lacks some of them.
    """
    if server.viam is not None:
        from ..viam import check_grpclib

        check_grpclib()


async def open_listeners(backend: Backend) -> AsyncIterator[Listener]:
    """Open the ports that the configuration asks for, one after the other. What they need is imported only then.

    Raises:
        StartError: when an address cannot be taken.
    """
    server = backend.config.server
    if server.viam is not None:
        from ..viam import open_viam

        yield await open_viam(backend, server.host, server.viam.port)
    if server.clarifai is not None:
        yield await open_clarifai(backend, server.host, server.clarifai)
