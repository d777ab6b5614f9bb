"""A WebSocket on a connection that began with an HTTP request: within the limits and turns of all connections."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import h11
from starlette.types import Message, Receive, Scope, Send
from wsproto.connection import Connection as Frames
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.utilities import generate_accept_token

from ..connections import CONNECTION, Connection, PortProtocol
from .access import ABORT, CHARGE

logger = logging.getLogger(__name__)

PING_S = 20.0
"""Interval of pings. Proxies close connections on which nothing moves, often after 60 seconds; and a client that has
vanished without a word is noticed only if something is sent to it."""
CLOSE_S = 5.0
"""How long a client may take to answer a close."""
VERSION = b"13"
MESSAGE_BYTES = 4096
"""Largest message of a client. No endpoint wants more from it than a few words."""
FRAMES = 10_000
"""How many frames a client may send between two pings: reading one takes 7 us, and empty ones have only 6 bytes."""
_KEY_BYTES = 16  # RFC 6455, 4.1
_OPEN, _REFUSED, _CLOSED = "open", "refused", "closed"


class State(Protocol):
    """What the server has in common for all connections, as uvicorn has it.

    Attributes:
        connections: The open ones, which the server closes when it ends.
        tasks: Those that answer requests.
        default_headers: Headers of every answer.
    """

    connections: set[Any]
    tasks: set[asyncio.Task[None]]
    default_headers: list[tuple[bytes, bytes]]


class NotOpen(OSError):
    """The WebSocket has ended; the app that still sends is to end, too."""


def key_of(request: h11.Request) -> bytes | None:
    """Return the ``Sec-WebSocket-Accept`` for a request; ``None`` if it does not ask for a WebSocket properly."""
    headers = {name: value for name, value in request.headers}
    if request.method != b"GET" or request.http_version < b"1.1" or headers.get(b"sec-websocket-version") != VERSION:
        return None  # a proxy that speaks HTTP/1.0 would not know what follows
    key = headers.get(b"sec-websocket-key", b"")
    try:
        if len(base64.b64decode(key, validate=True)) != _KEY_BYTES:
            return None
    except binascii.Error:
        return None
    return generate_accept_token(key)


class WebSocketProtocol(PortProtocol):
    """The protocol of one WebSocket, from its request to its end. It calls the app as ASGI has it.

    The app gets at most one message ahead of what it reads. A client that does not read is disconnected as any other;
    one that does not answer a ping is, too.

    Args:
        app: The app.
        scope: The scope of the request, of type ``websocket``.
        accept: The ``Sec-WebSocket-Accept`` of the answer.
        conn: What reads and writes HTTP on the connection, with the request read.
        transport: The transport.
        state: The connections and tasks of the server.
    """

    has_answered = True

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]],
        scope: Scope,
        accept: bytes,
        conn: h11.Connection,
        transport: asyncio.Transport,
        state: State,
    ) -> None:
        self._app = app
        self._scope = scope
        self._accept = accept
        self._conn = conn
        self._transport = transport
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._frames = Frames(ConnectionType.SERVER)
        self._parts = bytearray()  # of a message that is not yet complete
        self._frames_read = 0  # since the last ping
        self._received: asyncio.Queue[Message] = asyncio.Queue()
        self._received.put_nowait({"type": "websocket.connect"})
        self._writable = asyncio.Event()
        self._writable.set()
        self._phase = ""
        self._timer: asyncio.TimerHandle | None = None
        self._heard = True  # since the last ping

    @property
    def busy(self) -> bool:
        """Whether it is answering a request: as long as it is open."""
        return self._phase != _CLOSED

    def start(self) -> None:
        """Call the app."""
        connection: Connection = self._transport.get_extra_info(CONNECTION)
        self._scope[ABORT], self._scope[CHARGE] = connection.abort, connection.charge
        self._state.connections.add(self)
        task = self._loop.create_task(self._run(connection))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    def data_received(self, data: bytes) -> None:
        """Read frames. Before the answer there can be none."""
        if self._phase != _OPEN:
            self._transport.close()
            return
        self._heard = True
        self._frames.receive_data(data)
        for event in self._frames.events():
            self._frames_read += 1
            if self._frames_read > FRAMES:
                self._close(1008, f"more than {FRAMES} frames in {PING_S:g} s")
            else:
                self._take(event)
            if self._phase != _OPEN:
                break

    def eof_received(self) -> bool:
        """Close: without a close frame, the client has gone."""
        return False

    def pause_writing(self) -> None:
        """Let the app wait: the client does not read as fast as it writes."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let the app go on."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the app."""
        self._end(1006)
        self._state.connections.discard(self)

    def hang_up(self) -> None:
        """Close because the server needs the connection for others, or is closing."""
        self._close(1001, "the server is closing")

    def shutdown(self) -> None:
        """Close because the server is closing; uvicorn calls it."""
        self.hang_up()

    async def _run(self, connection: Connection) -> None:
        try:
            await connection.run(self._app(self._scope, self._receive, self._send))
        except NotOpen:
            pass
        except Exception:
            logger.exception("a WebSocket is closed because of a bug")
            self._refuse_or_close()
        except asyncio.CancelledError:  # the server is shutting down and no longer waits for its requests
            self._close(1001, "the server is closing")
            raise
        else:
            self._refuse_or_close()

    async def _receive(self) -> Message:
        message = await self._received.get()
        if self._received.empty() and self._phase == _OPEN:
            self._transport.resume_reading()
        return message

    async def _send(self, message: Message) -> None:
        await self._writable.wait()
        kind = message["type"]
        if self._phase == _CLOSED:
            raise NotOpen
        if kind == "websocket.accept" and not self._phase:
            self._open(message)
        elif kind == "websocket.send" and self._phase == _OPEN:
            text, data = message.get("text"), message.get("bytes")
            sent = BytesMessage(data=data) if text is None and data is not None else TextMessage(data=text or "")
            self._transport.write(self._frames.send(sent))
        elif kind == "websocket.close" and self._phase == _OPEN:
            self._close(message.get("code", 1000), message.get("reason") or "")
        elif kind == "websocket.close" and not self._phase:
            self._refuse(403, [(b"content-length", b"0")])
        elif kind == "websocket.http.response.start" and not self._phase:
            self._refuse(message["status"], message.get("headers", []))
        elif kind == "websocket.http.response.body" and self._phase == _REFUSED:
            self._transport.write(self._conn.send(h11.Data(data=message.get("body", b""))))
            if not message.get("more_body", False):
                self._transport.write(self._conn.send(h11.EndOfMessage()))
                self._end(1006)
                self._transport.close()
        else:
            raise RuntimeError(f"{kind} cannot be sent now")

    def _open(self, message: Message) -> None:
        headers: list[tuple[bytes, bytes]] = [
            (b"upgrade", b"websocket"),
            (b"connection", b"Upgrade"),
            (b"sec-websocket-accept", self._accept),
        ]
        if message.get("subprotocol"):
            headers.append((b"sec-websocket-protocol", message["subprotocol"].encode()))
        headers += [*self._state.default_headers, *message.get("headers", [])]
        answer = h11.InformationalResponse(status_code=101, headers=headers, reason=b"Switching Protocols")
        self._transport.write(self._conn.send(answer) or b"")
        self._phase = _OPEN
        self._timer = self._loop.call_later(PING_S, self._ping)

    def _refuse(self, status: int, headers: Any) -> None:
        """Answer with a response in place of a WebSocket."""
        answer = h11.Response(
            status_code=status, headers=[*self._state.default_headers, *headers, (b"connection", b"close")]
        )
        self._transport.write(self._conn.send(answer) or b"")
        self._phase = _REFUSED

    def _refuse_or_close(self) -> None:
        """End what the app has left open."""
        if not self._phase:
            self._refuse(500, [(b"content-length", b"0")])
            self._end(1006)
        if self._phase == _OPEN:
            self._close(1011)
        elif self._timer is None:  # else it waits for the client's good-bye
            self._transport.close()

    def _take(self, event: Event) -> None:
        if isinstance(event, Ping):
            if self._writable.is_set():  # the pongs for a client that does not read would pile up
                self._transport.write(self._frames.send(event.response()))
        elif isinstance(event, CloseConnection):
            if self._frames.state is ConnectionState.REMOTE_CLOSING:
                self._close(1000 if event.code == 1005 else int(event.code), by_client=True)
            else:  # the client breaks the protocol
                self._close(int(event.code), event.reason or "")
        elif isinstance(event, TextMessage | BytesMessage):
            self._parts += event.data.encode() if isinstance(event, TextMessage) else event.data
            if len(self._parts) > MESSAGE_BYTES:
                self._close(1009, f"a message may have at most {MESSAGE_BYTES} bytes")
            elif event.message_finished:
                data = bytes(self._parts)
                self._parts.clear()
                content = {"text": data.decode()} if isinstance(event, TextMessage) else {"bytes": data}
                self._received.put_nowait({"type": "websocket.receive", **content})
                self._transport.pause_reading()

    def _close(self, code: int, reason: str = "", *, by_client: bool = False) -> None:
        """Say good-bye, and wait a little for the client's unless it has come."""
        if self._phase != _OPEN:
            self._transport.close()
            return
        self._transport.write(self._frames.send(CloseConnection(code=code, reason=reason)))
        self._end(code)
        if by_client:
            self._transport.close()
        else:
            self._transport.resume_reading()
            self._timer = self._loop.call_later(CLOSE_S, self._transport.close)

    def _end(self, code: int) -> None:
        """Let the app end. Safe to call twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._phase != _CLOSED:
            self._phase = _CLOSED
            self._received.put_nowait({"type": "websocket.disconnect", "code": code})
        self._writable.set()

    def _ping(self) -> None:
        if not self._heard:
            logger.debug("a WebSocket is closed: its client does not answer")
            self._end(1006)
            self._transport.abort()
            return
        self._heard = False
        self._frames_read = 0
        if self._writable.is_set():
            self._transport.write(self._frames.send(Ping()))
        self._timer = self._loop.call_later(PING_S, self._ping)


def websocket_scope(scope: Scope) -> Scope:
    """Return the scope of a WebSocket for that of the HTTP request which asks for it."""
    offered = b",".join(value for name, value in scope["headers"] if name == b"sec-websocket-protocol")
    return {
        **scope,
        "type": "websocket",
        "scheme": "wss" if scope["scheme"] == "https" else "ws",
        "subprotocols": [name.strip() for name in offered.decode("latin-1").split(",") if name.strip()],
        "extensions": {"websocket.http.response": {}},
    }
