"""Start the server, run it, and shut it down.

One event loop does all networking, HTTP and WebRTC; threads do everything that takes long. A signal sets an event; a
second one ends the process at once.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cameras import check_pyav
from pipeline import Config, Graph
from streams import EncoderPool

from ..clarifai import ClarifaiRest
from ..connections import Acceptor
from ..core import Backend, TrustedProxies, on_thread, open_backend
from ..http import HttpServer, check_http_libraries
from ..program import listen, raise_file_limit
from .addresses import urls_of
from .listeners import Listener, check_listener_libraries, open_listeners

logger = logging.getLogger(__name__)

# Time limits for closing each part; after that the shutdown goes on.
CONNECTIONS_S = 2
STREAMS_S = 3.0
GRAPH_S = 5.0

FORCED = 1  # exit code after a second signal


@dataclass(frozen=True)
class Running:
    """All parts of a running server, in the order of their start."""

    graph: Graph
    encoders: EncoderPool
    backend: Backend
    acceptor: Acceptor
    http: HttpServer
    serving: asyncio.Task[None]
    urls: tuple[str, ...]
    listeners: tuple[Listener, ...] = ()

    @property
    def url(self) -> str:
        """The address of the start page for programs of this machine."""
        return self.urls[0]


def serve(config: Config, announce: Callable[[Sequence[str]], None]) -> None:
    """Serve a configuration until SIGINT or SIGTERM.

    Args:
        config: The configuration to serve.
        announce: Called with the URL of each address when the server listens.

    Raises:
        StartError: The server cannot listen on the address.
        ConfigError: A model cannot be used.
    """
    raise_file_limit()
    asyncio.run(_serve(config, announce))


async def _serve(config: Config, announce: Callable[[Sequence[str]], None]) -> None:
    stop = asyncio.Event()
    with _signals(stop):
        starting = asyncio.create_task(startup(config), name="startup")
        await _first(starting, stop)
        if not starting.done():  # loading models takes long, and one may hang
            starting.cancel()
            await asyncio.wait({starting}, timeout=GRAPH_S)
            return
        running = starting.result()
        # What is here now stays, too. A full collection that visits it again stops the event loop for up to 80 ms.
        gc.freeze()
        try:
            announce(running.urls)
            await run(running, stop)
        finally:
            await shutdown(running)


async def startup(config: Config) -> Running:
    """Bind the address, load what the cameras need, and start to answer requests.

    Raises:
        StartError: The server cannot listen on the address.
        ConfigError: A model cannot be used.
        UnsuitableLibrary: A library lacks a private attribute that the program uses.
    """
    server = config.server
    check_pyav()
    check_http_libraries()
    check_listener_libraries(server)
    sock = listen(server.host, server.port)
    graph = Graph(config)
    proxies = TrustedProxies(server.trusted_proxies)
    acceptor = Acceptor(lambda: graph.config.server.limits, proxies.__contains__)
    listeners: list[Listener] = []
    try:
        await _in_thread("open", graph.open)
        encoders = EncoderPool()
        backend = open_backend(graph, encoders)
        async for listener in open_listeners(backend, acceptor):
            listeners.append(listener)
        http = HttpServer(backend, [ClarifaiRest(backend)], acceptor, CONNECTIONS_S)
        serving = asyncio.create_task(http.serve([sock]), name="http")
        await _first(serving, http.opened)
    except BaseException:
        acceptor.close()
        sock.close()
        for listener in listeners:
            await _limited(listener.name, listener.close(), CONNECTIONS_S)
        await _in_thread("close", graph.close)
        raise
    urls = urls_of(server, sock)
    logger.info("listening on %s", ", ".join(urls))
    return Running(graph, encoders, backend, acceptor, http, serving, urls, tuple(listeners))


async def run(running: Running, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set, or until the HTTP server ends by itself."""
    await _first(running.serving, stop)


async def shutdown(running: Running) -> None:
    """Shut down in reverse order: refuse new requests, then end sessions, encoders, cameras and the last requests."""
    logger.info("closing")
    running.http.stop()
    for listener in running.listeners:
        await _limited(listener.name, listener.close(), CONNECTIONS_S)
    await _limited("sessions", running.backend.close_sessions(), STREAMS_S)
    await _limited("encoders", _in_thread("close", running.encoders.close), STREAMS_S)
    await _limited("cameras", _in_thread("close", running.graph.close), GRAPH_S)
    running.backend.close()
    await _limited("requests", running.serving, CONNECTIONS_S + 1)
    running.acceptor.close()


async def _first(task: asyncio.Task[Any], event: asyncio.Event) -> None:
    """Wait for an event or the end of a task; raise the task's exception if it failed."""
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if task.done():
        task.result()


async def _limited(what: str, ending: Awaitable[object], limit_s: float) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await ending
    except TimeoutError:
        logger.warning("%s: not closed after %g s; no longer waiting", what, limit_s)
    except Exception:  # a failure must not stop the rest of the shutdown
        logger.exception("%s: closing failed", what)


async def _in_thread(name: str, function: Callable[[], None]) -> None:
    await on_thread(name, function)


@contextmanager
def _signals(stop: asyncio.Event) -> Generator[None, None, None]:
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            print("camweave: terminated", file=sys.stderr, flush=True)
            os._exit(FORCED)
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
