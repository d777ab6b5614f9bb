"""The port for Viam's clients, in the event loop of the HTTP server."""

from __future__ import annotations

import logging
import ssl

from ..connections import Acceptor
from ..core import Backend
from ..grpc import GrpcPort, open_port
from .access import AuthCalls, access_to
from .camera import CameraCalls
from .models import MlModelCalls
from .robot import RobotCalls
from .vision import VisionCalls

logger = logging.getLogger(__name__)

_HINTS = {"/proto.stream.v1.StreamService": "; live video is WebRTC, at /whep/ and the camera's name"}


async def open_viam(
    backend: Backend, acceptor: Acceptor, host: str, port: int, tls: ssl.SSLContext | None = None
) -> GrpcPort:
    """Open the port for Viam's clients.

    Args:
        backend: The backend with cameras and services.
        acceptor: Accepts the connections.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        tls: The TLS of the server; ``None`` for plain gRPC.

    Raises:
        StartError: The server cannot listen on the address.
    """
    calls = (AuthCalls, RobotCalls, CameraCalls, VisionCalls, MlModelCalls)
    services = [made(backend) for made in calls]
    address = (host, port, "server.viam.port")
    if tls is None and backend.tokens.needed:
        logger.info(
            "Viam's SDK sends tokens over TLS only: set server.tls, or put a proxy with TLS before server.viam.port"
        )
    check = access_to(backend.tokens)
    return await open_port("Viam's clients", services, _unknown, acceptor, lambda: backend.limits, address, tls, check)


def _unknown(path: str) -> str:
    return f"camweave does not support {path}{_HINTS.get(path.rpartition('/')[0], '')}"
