"""Open the gRPC port, importing what it needs only then."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline import ClarifaiConfig

from ..core import Backend

if TYPE_CHECKING:
    from .grpc_server import ClarifaiServer


async def open_clarifai(backend: Backend, host: str, config: ClarifaiConfig) -> ClarifaiServer:
    """Return the port for Clarifai's clients, listened on.

    Raises:
        StartError: when the address cannot be taken.
    """
    # Read by gRPC when it is imported: else it writes a line for every client that connects without TLS.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from .grpc_server import open_server

    return await open_server(backend, host, config)
