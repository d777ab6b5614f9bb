"""HTTP/1.1 on one connection: uvicorn's protocol, within limits, and with problem documents for malformed requests."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from pipeline import LimitsConfig

from ..connections import CONNECTION, HEAD_S, PORTION, Connection, PortProtocol
from .access import ABORT, CHARGE
from .messages import PROBLEM_TYPE, HttpError, document
from .websocket import WebSocketProtocol, key_of, websocket_scope

HEADERS_MAX = 100
"""Most header lines of a request."""
PARAMETERS_MAX = 1000
"""Most parameters of a query; each takes time on the event loop."""
CHUNKS_FREE = 1000
CHUNK_BYTES = 512
"""The chunks of a body must have this size on average, apart from the first ``CHUNKS_FREE``."""
BODY_AT_ONCE = 64_000
"""A body of a known length up to this is read at once, whether the app wants it or not."""

_CLOSE = (b"connection", b"close")
_END_OF_HEAD = b"\r\n\r\n"
_END = re.compile(rb"\n\r?\n")  # as h11 has it
_NO_WEBSOCKET = (
    "a WebSocket needs a GET of HTTP/1.1 without a body, Sec-WebSocket-Version: 13, and a Sec-WebSocket-Key of 16 bytes"
)
_TOO_LARGE = f"the head of a request may have at most {HEADERS_MAX} lines, {PARAMETERS_MAX} parameters and {{}} bytes"


class Parser(h11.Connection):
    """h11's parser of requests, with limits that it does not have.

    A response to a request that is still arriving says that the connection will be closed. So whoever refuses a request
    before reading its body needs to do nothing more; the connection reads on and discards for a while.

    Args:
        header_bytes: Most bytes of a head.

    Attributes:
        refused_with: The HTTP status for the request that could not be read; ``None`` without one.
        reason: What is wrong with that request; empty if it is malformed.
        body_left: Bytes of the present body that are still missing; 0 if its length is unknown.
        is_head: Whether the present request is for headers only.
    """

    def __init__(self, header_bytes: int) -> None:
        super().__init__(h11.SERVER, header_bytes)
        self._header_bytes = header_bytes
        self._received = self._chunks = 0
        self.refused_with: int | None = None
        self.reason = ""
        self.body_left = 0
        self.is_head = False

    @property
    def is_receiving(self) -> bool:
        """Whether part of a request is still missing, or was never read."""
        return self.refused_with is not None or self.their_state in (h11.SEND_BODY, h11.ERROR)

    def next_event(self) -> Any:
        """Return the next event of the request.

        Raises:
            RemoteProtocolError: The request is malformed or exceeds a limit.
        """
        try:
            if self.their_state is h11.IDLE:
                self.is_head = False
                self._check_lines()
            event = super().next_event()
            if isinstance(event, h11.Request):
                self._check_head(event)
            elif isinstance(event, h11.Data):
                self._check_body(event)
            elif event is h11.NEED_DATA and self.their_state is h11.SEND_BODY:
                self._check_lines()  # what is left are lines after the body
        except h11.RemoteProtocolError as error:
            self.refused_with = error.error_status_hint
            raise
        return event

    def send(self, event: Any) -> Any:
        """Return the bytes of an event of the response."""
        if isinstance(event, h11.Response) and self.their_state is h11.SEND_BODY:
            headers = [header for header in event.headers if header[0] != b"connection"]
            event = h11.Response(status_code=event.status_code, headers=[*headers, _CLOSE], reason=event.reason)
        return super().send(event)

    def _check_head(self, request: h11.Request) -> None:
        self._received = self._chunks = 0
        self.is_head = request.method == b"HEAD"
        lengths = [value for name, value in request.headers if name == b"content-length"]
        self.body_left = int(lengths[0]) if lengths else 0
        size = len(request.target) + sum(len(name) + len(value) for name, value in request.headers)
        parameters = request.target.count(b"&") + 1
        if size > self._header_bytes or len(request.headers) > HEADERS_MAX or parameters > PARAMETERS_MAX:
            raise self._refusal(431, _TOO_LARGE.format(self._header_bytes))
        if lengths and any(name == b"transfer-encoding" for name, _ in request.headers):
            # A proxy before us may have believed the length, and would take the rest for another request.
            raise self._refusal(400, "a request may have a Content-Length or a Transfer-Encoding, but not both")

    def _check_lines(self) -> None:
        """Count the lines of a head before they are parsed, which takes longer."""
        received = self.trailing_data[0]
        if received.count(b"\n") > HEADERS_MAX + 2:
            end = _END.search(received)
            if received.count(b"\n", 0, end.end() if end else len(received)) > HEADERS_MAX + 2:
                raise self._refusal(431, _TOO_LARGE.format(self._header_bytes))

    def _refusal(self, status: int, reason: str) -> h11.RemoteProtocolError:
        self.reason = reason
        return h11.RemoteProtocolError(reason, status)

    def _check_body(self, data: h11.Data) -> None:
        self._received += len(data.data)
        self.body_left = max(self.body_left - len(data.data), 0)
        self._chunks += data.chunk_start
        if self._chunks > CHUNKS_FREE + self._received // CHUNK_BYTES:
            raise self._refusal(400, f"the body comes in chunks that are too small; {CHUNK_BYTES} bytes each would do")


class HttpProtocol(H11Protocol, PortProtocol):
    """The protocol of one connection. It reads requests and answers them by turns with all other connections.

    Without a time limit for heads, a connection that sends no request, or only part of a head, would stay open until
    the client closes it.

    Args:
        config: uvicorn's settings.
        server_state: The state that all connections share.
        app_state: The state of the app.
        limits: Returns the present limits.
    """

    _head_timer: asyncio.TimerHandle | None = None

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        limits: Callable[[], LimitsConfig],
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._header_bytes = limits().header_bytes
        self.conn: Parser = Parser(self._header_bytes)
        self.app = self._answer

    @property
    def busy(self) -> bool:
        """Whether it is answering a request."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def unfinished(self) -> bool:
        """Whether the client may still be sending a body that nobody will read."""
        return self.conn.is_receiving

    def arriving(self) -> None:
        """Stop the timer that closes idle connections: a request may wait longer for its turn."""
        self._unset_keepalive_if_required()

    def portion(self, data: bytearray) -> int:
        """Return how many bytes to process at once: heads and chunks take time, a body of known length none."""
        if self.conn.their_state is h11.IDLE:
            end = data.find(_END_OF_HEAD, 0, PORTION)
            return PORTION if end < 0 else end + len(_END_OF_HEAD)
        return max(self.conn.body_left, PORTION)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the timer for the first head."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_S, self._head_timed_out)

    def data_received(self, data: bytes) -> None:
        """Process data. The timer runs while the head of a request is incomplete."""
        before = self.conn.their_state
        beginning = before is h11.IDLE
        super().data_received(data)
        self.requests += before in (h11.IDLE, h11.SEND_BODY) and self.conn.their_state is not before
        if beginning and self.conn.their_state is h11.SEND_BODY and not 0 < self.conn.body_left <= BODY_AT_ONCE:
            self.flow.pause_reading()  # until the app wants the body, which it may refuse
        elif self.conn.their_state is h11.DONE and self.busy:
            self.flow.pause_reading()  # until the response is complete: the next request takes its turn like any other
        incomplete = self.conn.their_state is h11.IDLE and not self.transport.is_closing()
        if not incomplete:
            self._stop_head_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self._head_timed_out)

    def _should_upgrade_to_ws(self) -> bool:
        """Return whether a request may ask for a WebSocket. uvicorn would want a library for them."""
        return True

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection to a WebSocket, whose endpoint answers the request."""
        accept = key_of(event)
        try:
            if accept is None or not isinstance(self.conn.next_event(), h11.EndOfMessage):
                self.conn.reason = _NO_WEBSOCKET
                self.send_400_response("")
                return
        except h11.RemoteProtocolError:
            self.send_400_response("")
            return
        self.connections.discard(self)
        self._stop_head_timer()
        app = self.app = self.config.loaded_app  # the method would keep the protocol alive
        scope = websocket_scope(dict(self.scope))
        websocket = WebSocketProtocol(app, scope, accept, self.conn, self.transport, self.server_state)
        websocket.requests = self.requests + 1
        self.transport.set_protocol(websocket)
        websocket.start()

    def on_response_complete(self) -> None:
        """Go on to the next request."""
        self.has_answered = True
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_head_timer()
        super().connection_lost(exc)
        self.app = self.config.loaded_app  # the method would keep the protocol alive

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Connection = self.transport.get_extra_info(CONNECTION)
        scope[ABORT], scope[CHARGE] = connection.abort, connection.charge
        await connection.run(self.config.loaded_app(scope, receive, send))

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_timed_out(self) -> None:
        self._head_timer = None
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read with a problem document, and close the connection."""
        if self.busy:  # its app must not answer, too
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.close()
                return
        error = self._error()
        body = json.dumps(document(error)).encode()
        headers = [("content-type", PROBLEM_TYPE), ("content-length", str(len(body))), ("connection", "close")]
        for event in (
            h11.Response(status_code=error.status, headers=headers),
            h11.Data(data=b"" if self.conn.is_head else body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _error(self) -> HttpError:
        if self.conn.refused_with == 431:  # by us or by h11
            return HttpError(431, _TOO_LARGE.format(self._header_bytes))
        return HttpError(400, self.conn.reason or "this is not an HTTP request")
