"""The HTTP server: uvicorn in an event loop that it shares, with every error as a problem document."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from socket import socket

import h11
import uvicorn
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from cameras import require_internals

from ..core import Backend
from .access import AccessMiddleware
from .app import OPEN_OPTIONS, create_app
from .messages import PROBLEM_TYPE, Extension, HttpError, document

HEAD_S = 15.0
"""How long the head of a request may take."""


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
        body = json.dumps(document(HttpError(400, "this is no HTTP request"))).encode()
        headers = [("content-type", PROBLEM_TYPE), ("content-length", str(len(body))), ("connection", "close")]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class HttpServer(uvicorn.Server):
    """The HTTP server, which says when it is open and leaves signals alone.

    Args:
        backend: What answers.
        extensions: APIs of other systems that it serves as well.
        grace_s: How long requests may go on after ``stop``.

    Attributes:
        app: Every endpoint.
        opened: Set when it listens.
    """

    def __init__(self, backend: Backend, extensions: Sequence[Extension], grace_s: int) -> None:
        self.app = create_app(backend, extensions)
        names = [backend.config.server.host]
        access = AccessMiddleware(self.app, names, backend.tokens, extensions, OPEN_OPTIONS)
        super().__init__(_settings(access, grace_s))
        self.opened = asyncio.Event()

    def stop(self) -> None:
        """Take no more connections, and say so to whoever asks whether the server is ready; ``serve`` returns soon."""
        self.app.state.closing = True
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Do nothing: a signal ends more than the HTTP server."""
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.opened.set()


def check_http_libraries() -> None:
    """Look for what is used of uvicorn and starlette and not in their documentation. To be called in the event loop.

    Raises:
        UnsuitableLibrary: An installed version lacks some of it.
    """
    settings = _settings(_answering_nothing, 0)
    protocol = H11Protocol(settings, ServerState(), {}, asyncio.get_running_loop())
    of_protocol = ("conn", "loop", "transport", "connection_made", "data_received", "connection_lost")
    require_internals(
        "uvicorn",
        [
            *((protocol, name) for name in (*of_protocol, "send_400_response")),
            *((uvicorn.Server(settings), name) for name in ("capture_signals", "startup", "should_exit")),
        ],
    )
    # ``messages/body.py`` waits for the last boundary of a form, and reads why one is refused.
    require_internals("starlette", [(MultiPartParser, "on_end"), (MultiPartException(""), "message")])


async def _answering_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand for an app."""


def _settings(app: ASGIApp, grace_s: int) -> uvicorn.Config:
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
        proxy_headers=False,  # a client on this machine may not claim another address
        timeout_graceful_shutdown=grace_s,
    )
