"""The real server in this process: its own functions start and stop it, and clients reach it over HTTP."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import numpy as np

from pipeline import BUILT_IN, Tables, parse
from server.configuration import ConfigFile, ServeOptions
from server.run import Running, shutdown, startup
from tests.cameras import pictures
from vision import VisionService

CAMERAS = """
cameras:
  - {name: still, model: image_file, attributes: {path: still.png, frame_rate: 50}}
  - name: seen
    model: transform
    attributes: {source: still, pipeline: [{type: resize, attributes: {width_px: 32}}]}
  - {name: secret, model: image_file, private: true, attributes: {path: still.png}}
  - {name: gone, model: stream, attributes: {url: "http://127.0.0.1:1/", open_timeout_s: 1}}
"""
FOUND = """
  - name: found
    model: transform
    attributes: {source: still, pipeline: [{type: detections, attributes: {detector_name: red}}]}
services:
  - name: red
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}
"""
"""A camera that detects the red half, to add to the cameras above."""


def still() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the picture of the cameras: 64 x 48, red above blue; BGR."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24] = (0, 0, 255)
    image[24:] = (255, 0, 0)
    return image


def encoded(suffix: str = ".png", image: np.ndarray[Any, np.dtype[np.uint8]] | None = None) -> bytes:
    """Return the bytes of a picture."""
    return pictures.encoded(suffix, still() if image is None else image)


class Served:
    """A server on a free port of 127.0.0.1 with the cameras above, or those of another text.

    Attributes:
        path: The configuration file.
        running: What was started.
        client: An HTTP client on its address, which trusts the certificate ``verify``.
        loop: Its event loop.
    """

    def __init__(
        self,
        folder: Path,
        text: str = CAMERAS,
        services: tuple[VisionService[Any], ...] = (),
        tables: Tables = BUILT_IN,
        verify: Path | None = None,
        *,
        editable: bool = False,
    ) -> None:
        (folder / "still.png").write_bytes(encoded())
        self.path = folder / "test.yaml"
        self.path.write_text(text, "utf-8")
        config = parse(text, "test.yaml", folder, tables=tables)
        options = ServeOptions(port=0, insecure=True)
        self._file = ConfigFile(dataclasses.replace(config, path=self.path), options, editable=editable)
        self._services = services
        self._certificate = verify
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="served")

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        self.client = httpx.Client(base_url=self.running.url, timeout=20, trust_env=False, verify=self.trusting())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self.stop()
        self._thread.join()
        assert not self.running.graph.feeds["still"].watched

    def stop(self) -> None:
        """Begin to shut the server down, as a signal does."""
        self.loop.call_soon_threadsafe(self._stop.set)

    def trusting(self) -> ssl.SSLContext:
        """Return the TLS of a client that trusts the server's certificate."""
        return ssl.create_default_context(cafile=None if self._certificate is None else str(self._certificate))

    def _main(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self.loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            self.running: Running = await startup(self._file)
        except BaseException as error:
            self._failure = error
            self._ready.set()
            return
        for service in self._services:
            self.running.graph.services[service.name] = service
        self._ready.set()
        await self._stop.wait()
        await shutdown(self.running)


@contextmanager
def limited(served: Served, **limits: float) -> Iterator[None]:
    """Change limits of a running server during the block; the values may be smaller than a configuration's."""
    graph = served.running.graph
    before = graph.config
    changed = before.server.limits.model_copy(update=limits)
    graph.config = dataclasses.replace(before, server=before.server.model_copy(update={"limits": changed}))
    try:
        yield
    finally:
        graph.config = before


def problem(response: httpx.Response) -> tuple[int, str]:
    """Return status and detail of a response, which must be a well-formed problem document."""
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    body = response.json()
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["type"] == "about:blank"
    assert body["status"] == response.status_code
    return response.status_code, body["detail"]


def said(served: Served, request: bytes) -> bytes:
    """Send raw bytes and return the response, up to the end of the connection."""
    address = (served.client.base_url.host, served.client.base_url.port)
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer
