"""Open the gRPC port, and import its packages only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline import ClarifaiConfig

from ..connections import Acceptor
from ..core import Backend

if TYPE_CHECKING:
    from ..grpc import GrpcPort


async def open_clarifai(backend: Backend, acceptor: Acceptor, host: str, config: ClarifaiConfig) -> GrpcPort:
    """Open the port for Clarifai's clients.

    Raises:
        StartError: The server cannot listen on the address.
    """
    from .grpc_server import open_server

    return await open_server(backend, acceptor, host, config)
