"""The HTTP server: uvicorn in the program's event loop; every error is a problem document."""

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
"""Time limit for the head of a request, in seconds."""


class Protocol(H11Protocol):
    """uvicorn's HTTP, with a time limit for request heads and a problem document for malformed requests.

    Without the limit, a connection that sends no request, or only part of a head, would stay open until the client
    closes it.
    """

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the timer for the first head."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_S, self._head_timed_out)

    def data_received(self, data: bytes) -> None:
        """Process data. The timer runs while the head of a request is incomplete."""
        super().data_received(data)
        incomplete = self.conn.their_state is h11.IDLE and not self.transport.is_closing()
        if not incomplete:
            self._stop_head_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self._head_timed_out)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_head_timer()
        super().connection_lost(exc)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_timed_out(self) -> None:
        self._head_timer = None
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer a malformed request with a problem document, and close the connection."""
        body = json.dumps(document(HttpError(400, "this is not an HTTP request"))).encode()
        headers = [("content-type", PROBLEM_TYPE), ("content-length", str(len(body))), ("connection", "close")]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class HttpServer(uvicorn.Server):
    """The HTTP server. It handles no signals.

    Args:
        backend: The backend of all endpoints.
        extensions: APIs of other systems, which the app serves too.
        grace_s: Seconds that requests may continue after ``stop``.

    Attributes:
        app: The app with all endpoints.
        opened: Set when the server listens.
    """

    def __init__(self, backend: Backend, extensions: Sequence[Extension], grace_s: int) -> None:
        self.app = create_app(backend, extensions)
        access = AccessMiddleware(self.app, backend.config.server, backend.tokens, extensions, OPEN_OPTIONS)
        super().__init__(_settings(access, grace_s))
        self.opened = asyncio.Event()

    def stop(self) -> None:
        """Accept no more connections, and report the server as not ready; ``serve`` returns soon."""
        self.app.state.closing = True
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Do nothing: the program handles signals, which stop more than this server."""
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        self.opened.set()


def check_http_libraries() -> None:
    """Check that the undocumented parts of uvicorn and starlette used here exist. Call it in the event loop.

    Raises:
        UnsuitableLibrary: An installed version lacks some of them.
    """
    settings = _settings(_null_app, 0)
    protocol = H11Protocol(settings, ServerState(), {}, asyncio.get_running_loop())
    of_protocol = ("conn", "loop", "transport", "connection_made", "data_received", "connection_lost")
    require_internals(
        "uvicorn",
        [
            *((protocol, name) for name in (*of_protocol, "send_400_response")),
            *((uvicorn.Server(settings), name) for name in ("capture_signals", "startup", "should_exit")),
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
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # otherwise clients on this machine could claim any address
        timeout_graceful_shutdown=grace_s,
    )
