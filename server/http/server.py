"""The HTTP server: uvicorn in the program's event loop; every error is a problem document."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from socket import socket
from ssl import SSLContext

import uvicorn
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from cameras import require_internals

from ..configuration import Reloader
from ..connections import Acceptor, Port
from ..core import Backend
from ..drafts import Drafts
from .access import AccessMiddleware
from .app import OPEN_OPTIONS, create_app
from .bodies import BodyMiddleware
from .messages import Extension
from .protocol import HttpProtocol

DATE_S = 1.0
"""Interval at which the ``Date`` of the answers is renewed: its precision."""


class HttpServer(uvicorn.Server):
    """The HTTP server. It handles no signals.

    Args:
        backend: The backend of all endpoints.
        reloader: The configuration of all endpoints that change it.
        drafts: The drafts of editors; the caller closes them.
        extensions: APIs of other systems, which the app serves too.
        acceptor: Accepts the connections.
        grace_s: Seconds that requests may continue after ``stop``.
        tls: The TLS of the server; ``None`` for plain HTTP.

    Attributes:
        app: The app with all endpoints.
        opened: Set when the server listens.
    """

    def __init__(
        self,
        backend: Backend,
        reloader: Reloader,
        drafts: Drafts,
        extensions: Sequence[Extension],
        acceptor: Acceptor,
        grace_s: int,
        tls: SSLContext | None = None,
    ) -> None:
        self.app = create_app(backend, reloader, drafts, extensions)
        limited = BodyMiddleware(self.app, backend.bodies)
        access = AccessMiddleware(
            limited, backend.config.server, backend.tokens, extensions, OPEN_OPTIONS, backend.answered
        )
        super().__init__(_settings(access, grace_s))
        self._tls = tls
        self.opened = asyncio.Event()
        self._stopped = asyncio.Event()
        self._backend = backend
        self._acceptor = acceptor

    def stop(self) -> None:
        """Accept no more connections, and report the server as not ready; ``serve`` returns soon. In the event loop."""
        self.app.state.closing = True
        self.should_exit = True
        self._stopped.set()

    async def main_loop(self) -> None:
        """Return when the server is stopped; renew the date of the answers until then.

        uvicorn's own looks ten times a second whether to stop, which was most of what an idle server did.
        """
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(DATE_S):
                    await self._stopped.wait()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Do nothing: the program handles signals, which stop more than this server."""
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start to listen. uvicorn's own servers would accept without limits."""
        await self.lifespan.startup()
        ports = [self._acceptor.listen(sock, self._protocol, self._tls) for sock in sockets or []]
        self.servers: list[Port] = ports  # type: ignore[assignment]  # uvicorn only closes them
        self.started = True
        self.opened.set()

    def _protocol(self) -> HttpProtocol:
        return HttpProtocol(self.config, self.server_state, self.lifespan.state, lambda: self._backend.limits)


def check_http_libraries() -> None:
    """Check that the undocumented parts of uvicorn and starlette used here exist. Call it in the event loop.

    Raises:
        UnsuitableLibrary: An installed version lacks some of them.
    """
    settings = _settings(_null_app, 0)
    protocol = H11Protocol(settings, ServerState(), {}, asyncio.get_running_loop())
    of_protocol = ("conn", "cycle", "loop", "transport", "connection_made", "data_received", "connection_lost")
    require_internals(
        "uvicorn",
        [
            *((protocol, name) for name in (*of_protocol, "send_400_response", "_unset_keepalive_if_required")),
            *((protocol, name) for name in ("_should_upgrade_to_ws", "handle_websocket_upgrade", "connections")),
            *(
                (uvicorn.Server(settings), name)
                for name in ("capture_signals", "startup", "main_loop", "on_tick", "should_exit", "server_state")
            ),
        ],
    )
    # ``messages/body.py`` overrides the first and reads the second.
    require_internals("starlette", [(MultiPartParser, "on_end"), (MultiPartException(""), "message")])


async def _null_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand in for an app."""


def _settings(app: ASGIApp, grace_s: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",  # runs in ours, which is asyncio's: uvloop does not speed up WebRTC
        http=HttpProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # a warning for every malformed request would fill the log
        access_log=False,
        server_header=False,
        proxy_headers=False,  # otherwise clients on this machine could claim any address
        timeout_graceful_shutdown=grace_s,
    )
