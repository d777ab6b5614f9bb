"""A proxy inside the program for the HTTP requests of a stream that redirects or has a playlist.

FFmpeg follows redirects and the addresses of playlists by itself, wherever they lead. Through a proxy each of its
connections can be checked, and made to the address that was checked. It costs about half a millisecond of CPU time per
megabit, so streams without either do not use it.
"""

from __future__ import annotations

import os
import selectors
import socket
import struct
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from .reach import PORTS, Reach

HEAD_BYTES_MAX = 65_536
_CHUNK = 65_536
_REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class HttpGuard:
    """Forwards requests to the host of a stream, and to public addresses; never to others.

    Args:
        url: The URL of the stream, http or https; :class:`Reach` says where it may lead.

    Raises:
        OSError: No port is free.
    """

    def __init__(self, url: str) -> None:
        self._reach = Reach(url, lambda: self._closed)
        self._lock = threading.Lock()
        self._closed = False
        self._open: set[socket.socket] = set()
        # FFmpeg would connect to the hosts that this variable lists without a proxy.
        os.environ.pop("no_proxy", None)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)

    @property
    def refused(self) -> bool:
        """Whether a request to another host was refused."""
        return self._reach.refused

    @property
    def failure(self) -> OSError | None:
        """Why the last connection could not be made; ``None`` if it was."""
        return self._reach.failure

    @property
    def url(self) -> str:
        """The URL of the proxy, for FFmpeg's option ``http_proxy``."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def close(self) -> None:
        """End all connections. Safe to call twice, from any thread."""
        with self._lock:
            self._closed = True
            for connection in (self._listener, *self._open):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # not connected, or closed
                    pass
            self._listener.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, name="http guard", daemon=True).start()

    def _accept(self) -> None:
        listener = self._listener
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # closed
                return
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        upstream: socket.socket | None = None
        try:
            self._add(client)
            head, rest = _head_of(client)
            method, target, version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
            secure = method == "CONNECT"
            if not secure and parts.scheme != "http":
                return
            port = parts.port or PORTS["https" if secure else "http"]
            upstream = self._reach.connect(parts.hostname or "", port)
            if upstream is None:
                client.sendall(_REFUSAL)
                return
            self._add(upstream)
            if secure:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                upstream.sendall(rest)
            else:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                others = b"\r\n".join(
                    line for line in head.split(b"\r\n")[1:] if not line.lower().startswith(b"proxy-")
                )
                upstream.sendall(f"{method} {path} {version}\r\n".encode("latin-1") + others + b"\r\n\r\n" + rest)
            _relay(client, upstream)
        except (OSError, ValueError):  # one side has ended, or what FFmpeg sent is no request
            pass
        finally:
            with self._lock:
                for connection in (client, upstream):
                    if connection is not None:
                        self._open.discard(connection)
                        connection.close()

    def _add(self, connection: socket.socket) -> None:
        with self._lock:
            if self._closed:
                raise OSError("closed")
            self._open.add(connection)


def _head_of(client: socket.socket) -> tuple[bytes, bytes]:
    """Return the head of a request without its empty line, and what follows.

    Raises:
        ValueError: The head is incomplete or too long.
    """
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = client.recv(_CHUNK)
        if not chunk or len(data) > HEAD_BYTES_MAX:
            raise ValueError("no head")
        data += chunk
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _relay(client: socket.socket, upstream: socket.socket) -> None:
    """Copy both directions until one side ends; a connection that is broken off is broken off on the other side too."""
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, (client, upstream))
        selector.register(upstream, selectors.EVENT_READ, (upstream, client))
        while True:
            for key, _ in selector.select():
                source, target = key.data
                try:
                    data = source.recv(_CHUNK)
                except ConnectionResetError:
                    target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                if not data:
                    return
                target.sendall(data)
