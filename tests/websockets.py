"""A client of WebSockets for tests, on a plain socket."""

from __future__ import annotations

import json
import os
import socket
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The server does not open it.

    Attributes:
        status: The status of its answer.
        detail: What its problem document says; empty without one.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status} {detail}")
        self.status, self.detail = status, detail


class Received(NamedTuple):
    """A message or control frame of the server."""

    opcode: int
    data: bytes

    @property
    def code(self) -> int:
        """The code of a close."""
        return int.from_bytes(self.data[:2], "big")


class WebSocketClient:
    """One open WebSocket.

    Attributes:
        connection: Its socket.
        headers: The headers of the server's answer, with small letters.
    """

    def __init__(self, connection: socket.socket, headers: dict[str, str]) -> None:
        self.connection = connection
        self.headers = headers
        self._file = connection.makefile("rb")

    def receive(self) -> Received:
        """Wait for the next frame; the server sends each message as one."""
        first, second = self._read(2)
        assert first & 0xF0 == 0x80 and not second & 0x80
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(self._read(2 if length == 126 else 8), "big")
        return Received(first & 0x0F, self._read(length))

    def send(self, opcode: int, data: bytes = b"") -> None:
        """Send a frame, masked as those of clients are."""
        assert len(data) < 126
        mask = os.urandom(4)
        content = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        self.connection.sendall(bytes((0x80 | opcode, 0x80 | len(data))) + mask + content)

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self.connection.close()

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise EOFError("the server has closed the connection")
        return data


@contextmanager
def websocket(url: str, path: str, headers: Mapping[str, str] = MappingProxyType({})) -> Iterator[WebSocketClient]:
    """Open a WebSocket and close it afterwards.

    Args:
        url: The address of the server.
        path: The path, with its query.
        headers: More headers of the request, or others than those of the handshake.

    Raises:
        Refused: The server does not open it.
    """
    parts = urlsplit(url)
    assert parts.hostname is not None
    lines = {
        "Host": parts.netloc,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": b64encode(os.urandom(16)).decode(),
        **headers,
    }
    request = "\r\n".join([f"GET {path} HTTP/1.1", *map(": ".join, lines.items()), "", ""])
    connection = socket.create_connection((parts.hostname, parts.port or 80), timeout=20)
    client: WebSocketClient | None = None
    try:
        connection.sendall(request.encode("latin-1"))
        with connection.makefile("rb", buffering=0) as file:
            status, answered = _head(file)
            if status != 101:
                body = file.read()
                raise Refused(status, _detail(body))
        client = WebSocketClient(connection, answered)
        yield client
    finally:
        if client is not None:
            client.close()
        connection.close()


def _head(file: Any) -> tuple[int, dict[str, str]]:
    """Read the head of an answer, and nothing behind it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = file.read(1)
        assert byte, "the server has closed the connection"
        head += byte
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    named = (line.partition(":") for line in lines)
    return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in named}


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError):
        return ""
