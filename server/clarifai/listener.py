"""Open the gRPC port, and import gRPC only then."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline import ClarifaiConfig

from ..core import Backend

if TYPE_CHECKING:
    from .grpc_server import ClarifaiServer


async def open_clarifai(backend: Backend, host: str, config: ClarifaiConfig) -> ClarifaiServer:
    """Open the port for Clarifai's clients.

    Raises:
        StartError: The server cannot listen on the address.
    """
    # gRPC reads this on import; without it, it logs a line for every client that connects without TLS.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from .grpc_server import open_server

    return await open_server(backend, host, config)
