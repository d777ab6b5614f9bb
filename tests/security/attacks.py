"""What attacks need: a server in a process of its own, and raw connections to it."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path
from urllib.parse import urlsplit

from tests.serving import Serving

CAMERAS = """
cameras:
  - {name: pattern, model: test_pattern, attributes: {width_px: 320, height_px: 240}}
services:
  - name: red
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}
"""


def serving(folder: Path, server: str = "", text: str = CAMERAS, **environment: str) -> Serving:
    """Return the program, to serve a configuration with these keys of ``server``."""
    (folder / "attacked.yaml").write_text(f"{text}server: {{{server}}}\n")
    return Serving("attacked.yaml", cwd=folder, **environment)


def address(server: Serving) -> tuple[str, int]:
    """Return where the server listens for HTTP."""
    parts = urlsplit(server.url)
    assert parts.hostname and parts.port
    return parts.hostname, parts.port


def connected(where: tuple[str, int], source: str = "127.0.0.1") -> socket.socket:
    """Return a raw connection, from any address of the loopback network."""
    return socket.create_connection(where, timeout=20, source_address=(source, 0))


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    """Return the head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def answer(connection: socket.socket) -> http.client.HTTPResponse:
    """Read a response; its body is read with ``read``."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response
