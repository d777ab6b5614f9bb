"""Start the server, run it, and shut it down.

One event loop does all networking, HTTP and WebRTC; threads do everything that takes long. A signal sets an event
(``server/process/signals.py``), and all that is open is closed within one deadline.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cameras import check_pyav, limit_opencv
from pipeline import Graph, limit_heaps
from streams import EncoderPool

from ..clarifai import ClarifaiRest
from ..configuration import ConfigFile, FileWatcher, Reloader
from ..connections import Acceptor
from ..core import Backend, Refusals, TrustedProxies, on_thread, open_backend
from ..drafts import Drafts
from ..http import HttpServer, check_http_libraries
from ..process import signals_handled
from ..program import listen, raise_file_limit
from .addresses import urls_of
from .listeners import Listener, check_listener_libraries, open_listeners
from .tls import server_certificate

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S = 2.2
"""How long everything may take to close. Each part may take half of the time that is left; the last one, all of it."""

REQUESTS_S = 1
"""How long the requests in progress may go on after a signal."""


@dataclass(frozen=True)
class Running:
    """All parts of a running server, in the order of their start."""

    graph: Graph
    encoders: EncoderPool
    backend: Backend
    reloader: Reloader
    drafts: Drafts
    acceptor: Acceptor
    http: HttpServer
    serving: asyncio.Task[None]
    urls: tuple[str, ...]
    listeners: tuple[Listener, ...] = ()
    watcher: FileWatcher | None = None

    @property
    def url(self) -> str:
        """The address of the start page for programs of this machine."""
        return self.urls[0]


def serve(file: ConfigFile, announce: Callable[[Sequence[str]], None]) -> None:
    """Serve a configuration file until SIGINT or SIGTERM; SIGHUP reloads it.

    Args:
        file: The file, which was read.
        announce: Called with the URL of each address when the server listens.

    Raises:
        StartError: The server cannot listen on the address.
        ConfigError: A model cannot be used.
    """
    raise_file_limit()
    limit_heaps()
    limit_opencv()
    asyncio.run(_serve(file, announce))


async def _serve(file: ConfigFile, announce: Callable[[Sequence[str]], None]) -> None:
    loop, stop, hangup = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def setter(event: asyncio.Event) -> Callable[[], None]:
        def set_event() -> None:
            with suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(event.set)

        return set_event

    with signals_handled(setter(stop), setter(hangup)):
        starting = asyncio.create_task(startup(file), name="startup")
        await _first(starting, stop)
        if not starting.done():  # loading models takes long, and one may hang
            starting.cancel()
            await asyncio.wait({starting}, timeout=CLOSE_LIMIT_S)
            return
        running = starting.result()
        # What is here now stays, too. A full collection that visits it again stops the event loop for up to 80 ms.
        gc.freeze()
        reloading = asyncio.create_task(_reload_at(hangup, running.reloader), name="reload")
        try:
            announce(running.urls)
            await run(running, stop)
        finally:
            reloading.cancel()
            await shutdown(running)


async def _reload_at(hangup: asyncio.Event, reloader: Reloader) -> None:
    """Reload the configuration each time the event is set."""
    while True:
        await hangup.wait()
        hangup.clear()
        await on_thread("reload", reloader.try_reload)


async def startup(file: ConfigFile) -> Running:
    """Bind the address, load what the cameras need, and start to answer requests.

    Args:
        file: The configuration file, which was read.

    Raises:
        StartError: The server cannot listen on the address.
        ConfigError: A model cannot be used.
        UnsuitableLibrary: A library lacks a private attribute that the program uses.
    """
    config, server = file.served, file.served.server
    check_pyav()
    check_http_libraries()
    check_listener_libraries(server)
    certificate = await on_thread("tls", lambda: server_certificate(server))
    sock = listen(server.host, server.port)
    graph = Graph(config)
    proxies = TrustedProxies(server.trusted_proxies)
    refusals = Refusals()
    acceptor = Acceptor(lambda: graph.config.server.limits, proxies.__contains__, refusals)
    listeners: list[Listener] = []
    try:
        await on_thread("open", graph.open)
        encoders = EncoderPool()
        backend = open_backend(graph, encoders, refusals)
        await on_thread("keys", backend.tokens.prepare)
        async for listener in open_listeners(backend, acceptor, certificate):
            listeners.append(listener)
        tls = None if certificate is None else certificate.context("http/1.1")
        reloader = Reloader(file, graph, backend.tokens.prepare)
        drafts = Drafts(backend, reloader.parse)
        http = HttpServer(backend, reloader, drafts, [ClarifaiRest(backend)], acceptor, REQUESTS_S, tls)
        serving = asyncio.create_task(http.serve([sock]), name="http")
        await _first(serving, http.opened)
    except BaseException:
        acceptor.close()
        sock.close()
        for listener in listeners:
            await _limited(listener.name, listener.close(), REQUESTS_S)
        await _limited("cameras", on_thread("close", graph.close), REQUESTS_S)
        raise
    backend.watchdog.start()
    urls = urls_of(server, sock, "http" if tls is None else "https")
    logger.info("listening on %s", ", ".join(urls))
    watcher = FileWatcher(reloader.files, reloader.follow, file.stamps) if file.is_watched else None
    if watcher is not None:
        watcher.start()
    return Running(graph, encoders, backend, reloader, drafts, acceptor, http, serving, urls, tuple(listeners), watcher)


async def run(running: Running, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set, or until the HTTP server ends by itself."""
    await _first(running.serving, stop)


async def shutdown(running: Running) -> None:
    """Shut down in reverse order: refuse new requests, then end sessions, encoders, cameras and the last requests."""
    logger.info("closing")
    deadline_s = asyncio.get_running_loop().time() + CLOSE_LIMIT_S
    running.http.stop()
    if running.watcher is not None:
        running.watcher.stop()
    await _closed(deadline_s, *((listener.name, listener.close()) for listener in running.listeners))
    await _closed(deadline_s, ("sessions", running.backend.close_sessions()), ("drafts", running.drafts.close()))
    await _closed(deadline_s, ("encoders", on_thread("close", running.encoders.close)))
    await _closed(deadline_s, ("cameras", on_thread("close", running.graph.close)))
    running.backend.close()
    await _closed(deadline_s, ("requests", running.serving), share=1)
    running.acceptor.close()


async def _closed(deadline_s: float, *parts: tuple[str, Awaitable[object]], share: float = 0.5) -> None:
    """Close parts at once, within a share of the time that is left."""
    limit_s = max(deadline_s - asyncio.get_running_loop().time(), 0.1) * share
    await asyncio.gather(*(_limited(name, ending, limit_s) for name, ending in parts))


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
        logger.warning("%s: not closed after %.3g s; no longer waiting", what, limit_s)
    except Exception:  # a failure must not stop the rest of the shutdown
        logger.exception("%s: closing failed", what)
