"""The port for players and recorders."""

from __future__ import annotations

import logging

from streams import open_media_ports

from ..connections import Acceptor, Port
from ..core import Backend
from ..program import host_and_port, listen
from .protocol import RtspProtocol
from .service import RtspService

logger = logging.getLogger(__name__)


class RtspPort:
    """The open port.

    Args:
        service: Answers the requests.
        port: The port of the connections.

    Attributes:
        name: The clients that connect to it, for the log.
        port: The port number.
    """

    def __init__(self, service: RtspService, port: Port) -> None:
        self.name = "RTSP clients"
        self.port: int = port.sock.getsockname()[1]
        self._service = service
        self._port = port

    async def close(self) -> None:
        """Stop accepting connections, and end all sessions with their connections. Safe to call twice."""
        self._port.close()
        self._service.close()


def open_rtsp(backend: Backend, acceptor: Acceptor, host: str, port: int) -> RtspPort:
    """Open the port.

    Args:
        backend: The backend with the cameras.
        acceptor: Accepts its connections.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.

    Raises:
        StartError: The server cannot listen on the address.
    """
    sock = listen(host, port, "server.rtsp.port")
    ports = open_media_ports(sock)
    service = RtspService(backend, ports)
    opened = RtspPort(service, acceptor.listen(sock, lambda: RtspProtocol(service, lambda: backend.limits)))
    udp = "" if ports is None else f"; UDP {ports.rtp} and {ports.rtcp}"
    logger.info("listening on %s for %s (rtsp%s)", host_and_port(host, opened.port), opened.name, udp)
    return opened
