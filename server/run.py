"""Start the server, run it, shut it down: three functions, each the others' mirror.

One event loop has the network: HTTP and WebRTC. Everything that takes long is done by threads. A signal only sets an
event; a second one ends the process at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline import Config, Graph
from streams import Streams

from .app import create_app
from .binding import listen, written
from .entrances import Entrance, open_entrances
from .guard import Guard
from .problems import MEDIA_TYPE, Problem
from .threads import on_thread

logger = logging.getLogger(__name__)

HEAD_S = 15.0
"""How long the head of a request may take."""

CONNECTIONS_S = 2
STREAMS_S = 3.0
GRAPH_S = 5.0
FORCED = 1


class Protocol(H11Protocol):
    """HTTP as uvicorn speaks it, but what is no HTTP is answered with a problem too, and a head may not take for ever.

    A connection that sends no request, or only part of a head, would otherwise be held until its other end lets go.
    """

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_S, self._head_is_late)

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait for the rest of a head that has only begun."""
        super().data_received(data)
        waits = self.conn.their_state is h11.IDLE and not self.transport.is_closing()
        if not waits:
            self._stop_head_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_head_timer()
        super().connection_lost(exc)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no request, and hang up."""
        body = json.dumps(Problem(400, "this is no HTTP request").as_json()).encode()
        headers = [("content-type", MEDIA_TYPE), ("content-length", str(len(body))), ("connection", "close")]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Door(uvicorn.Server):
    """The HTTP server, which says when it is open and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.opened = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Do nothing: a signal ends more than the HTTP server."""
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.opened.set()


@dataclass(frozen=True)
class Running:
    """Everything that was started, in the order in which it was."""

    graph: Graph
    streams: Streams
    app: FastAPI
    door: Door
    serving: asyncio.Task[None]
    url: str
    entrances: tuple[Entrance, ...] = ()


def serve(config: Config, announce: Callable[[str], None]) -> None:
    """Serve a configuration until SIGINT or SIGTERM.

    Args:
        config: What to serve, and where.
        announce: Called with the address, once it is listened on.

    Raises:
        StartError: when the address cannot be taken.
        ConfigError: when a model cannot be used.
    """
    asyncio.run(_serve(config, announce))


async def _serve(config: Config, announce: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    with _signals(stop):
        starting = asyncio.create_task(startup(config), name="startup")
        await _first(starting, stop)
        if not starting.done():  # loading models takes long, and one may hang
            starting.cancel()
            await asyncio.wait({starting}, timeout=GRAPH_S)
            return
        running = starting.result()
        try:
            announce(running.url)
            await run(running, stop)
        finally:
            await shutdown(running)


async def startup(config: Config) -> Running:
    """Take the address, load what the cameras need, and open the door.

    Raises:
        StartError: when the address cannot be taken.
        ConfigError: when a model cannot be used.
    """
    server = config.server
    sock = listen(server.host, server.port)
    graph = Graph(config)
    entrances: list[Entrance] = []
    try:
        await _in_thread("open", graph.open)
        streams = Streams(graph, server)
        app = create_app(graph, streams, config)
        async for entrance in open_entrances(app.state.house):
            entrances.append(entrance)
        door = Door(_settings(Guard(app, [server.host])))
        serving = asyncio.create_task(door.serve([sock]), name="http")
        await _first(serving, door.opened)
    except BaseException:
        sock.close()
        for entrance in entrances:
            await _limited(entrance.name, entrance.close(), CONNECTIONS_S)
        await _in_thread("close", graph.close)
        raise
    url = f"http://{written(server.host, sock.getsockname()[1])}/"
    logger.info("listening on %s", url)
    return Running(graph, streams, app, door, serving, url, tuple(entrances))


async def run(running: Running, stop: asyncio.Event) -> None:
    """Serve until told to stop, or until the HTTP server ends by itself."""
    await _first(running.serving, stop)


async def shutdown(running: Running) -> None:
    """End everything, newest first: no new viewers, then the viewers, the cameras, the last requests."""
    logger.info("closing")
    running.app.state.closing = True
    running.door.should_exit = True
    for entrance in running.entrances:
        await _limited(entrance.name, entrance.close(), CONNECTIONS_S)
    await _limited("viewers", running.streams.close(), STREAMS_S)
    await _limited("cameras", _in_thread("close", running.graph.close), GRAPH_S)
    running.app.state.house.close()
    await _limited("requests", running.serving, CONNECTIONS_S + 1)


def _settings(app: Guard) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",  # it runs in ours, which is asyncio's own: uvloop brings WebRTC nothing
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whoever connects from this machine may not say that he is somebody else
        timeout_graceful_shutdown=CONNECTIONS_S,
    )


async def _first(task: asyncio.Task[Any], event: asyncio.Event) -> None:
    """Wait for an event, unless a task ends before it; then raise what it raised."""
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
        logger.warning("%s: not closed after %g s, left behind", what, limit_s)
    except Exception:
        logger.exception("%s: closing failed", what)


async def _in_thread(name: str, function: Callable[[], None]) -> None:
    await on_thread(name, function)


@contextmanager
def _signals(stop: asyncio.Event) -> Generator[None, None, None]:
    loop = asyncio.get_running_loop()

    def told() -> None:
        if stop.is_set():
            print("camweave: ended by force", file=sys.stderr, flush=True)
            os._exit(FORCED)
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, told)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
