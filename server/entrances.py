"""The further ways in, beside HTTP: the ports at which other systems' clients are understood."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Protocol

from .house import House


class Entrance(Protocol):
    """A port of its own, open from its making until it is closed.

    Attributes:
        name: Who comes in there, for the log.
        port: Where.
    """

    name: str
    port: int

    async def close(self) -> None:
        """Let nobody in any more, and end what is being answered."""


async def open_entrances(house: House) -> AsyncIterator[Entrance]:
    """Open what the configuration asks for, one after the other. What they need is imported only then.

    Raises:
        StartError: when an address cannot be taken.
    """
    server = house.config.server
    if server.viam is not None:
        from .viam import open_viam

        yield await open_viam(house, server.host, server.viam.port)
    if server.clarifai is not None:
        # Read by gRPC when it is imported: else it writes a line for everybody who knocks without TLS.
        os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
        from .clarifai.door import open_clarifai

        yield await open_clarifai(house, server.host, server.clarifai)
