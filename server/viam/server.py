"""The port for Viam's clients, in the event loop of the HTTP server."""

from __future__ import annotations

from ..connections import Acceptor
from ..core import Backend
from ..grpc import GrpcPort, open_port
from .camera import CameraCalls
from .models import MlModelCalls
from .robot import RobotCalls
from .vision import VisionCalls

_HINTS = {"/proto.stream.v1.StreamService": "; live video is WebRTC, at /whep/ and the camera's name"}


async def open_viam(backend: Backend, acceptor: Acceptor, host: str, port: int) -> GrpcPort:
    """Open the port for Viam's clients.

    Raises:
        StartError: The server cannot listen on the address.
    """
    services = [RobotCalls(backend), CameraCalls(backend), VisionCalls(backend), MlModelCalls(backend)]
    address = (host, port, "server.viam.port")
    return await open_port("Viam's clients", services, _unknown, acceptor, lambda: backend.limits, address)


def _unknown(path: str) -> str:
    return f"camweave does not support {path}{_HINTS.get(path.rpartition('/')[0], '')}"
