"""One RTSP connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cameras import safe_text
from pipeline import LimitsConfig
from streams import MalformedRtsp, RtspMessages, RtspPacket, RtspRequest, rtsp_answer

from ..connections import CONNECTION, HEAD_S, Connection, PortProtocol
from .service import Client, RtspService

logger = logging.getLogger(__name__)

UNREAD_MAX = 100_000
"""Bytes of further requests that may wait while one is answered: one of the largest size."""
IDLE_S = 60.0
"""How long a connection without a session may take from one request to the next; packets between them do not count."""


class RtspProtocol(PortProtocol):
    """Reads the requests of a connection and answers them one after the other, by turns with all other connections.

    Args:
        service: Answers the requests.
        limits: Returns the present limits.
    """

    def __init__(self, service: RtspService, limits: Callable[[], LimitsConfig]) -> None:
        self._service = service
        self._messages = RtspMessages(limits().header_bytes)
        self._task: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._idle_until = 0.0
        self._is_partial = False  # a message has begun, and the time that it may take
        self._is_last = False

    @property
    def busy(self) -> bool:
        """Whether it is answering a request or has a session."""
        return self._task is not None or bool(self._client.sessions)

    @property
    def unfinished(self) -> bool:
        """Whether the client may still be sending a request that nobody will read."""
        return bool(self._messages)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for requests, for a while."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._client = Client(
            address=transport.get_extra_info("peername"),
            local=transport.get_extra_info("sockname"),
            write=self._write,
            unsent=transport.get_write_buffer_size,
            hang_up=transport.close,
        )
        self._wait_for_request(HEAD_S)

    def data_received(self, data: bytes) -> None:
        """Take bytes of the client. It may have left, which shows only while bytes are taken, also during an answer."""
        self._messages.feed(data)
        self._next()
        if len(self._messages) > UNREAD_MAX:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Close the connection when all that the client has asked is answered."""
        self._is_last = self._task is not None
        return self._is_last

    def pause_writing(self) -> None:
        """Do nothing: the video looks how much waits before it begins a picture."""

    def resume_writing(self) -> None:
        """Let the video go on where it waits for the client."""
        for session in list(self._client.sessions.values()):
            session.drained()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what belongs to the connection."""
        if self._idle is not None:
            self._idle.cancel()
        if self._task is not None:
            self._task.cancel()
        self._service.leave(self._client)

    def _next(self) -> None:
        """Process what has come, up to the next request: it is answered first."""
        while self._task is None and not self._transport.is_closing():
            try:
                message = self._messages.next()
            except MalformedRtsp as error:
                self._transport.write(
                    rtsp_answer(error.status, error.sequence, [("Connection", "close")], detail=safe_text(error.detail))
                )
                self._transport.close()
                return
            if isinstance(message, RtspPacket):
                self._service.take(message, self._client)
            elif message is None:
                self._wait_for_rest()
                return
            else:
                self._begin(message)

    def _begin(self, request: RtspRequest) -> None:
        self.requests += 1
        self._is_partial = False
        if self._idle is not None:
            self._idle.cancel()
        connection: Connection = self._transport.get_extra_info(CONNECTION)

        async def answered() -> None:  # it begins within its task, so that one that never ran leaves no coroutine
            await connection.run(self._answer(request))

        self._task = asyncio.get_running_loop().create_task(answered(), name=f"RTSP {request.method}")
        self._task.add_done_callback(self._done)

    async def _answer(self, request: RtspRequest) -> None:
        data, then = await self._service.answer(request, self._client)
        self._transport.write(data)
        if then is not None:
            then()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            logger.error("an RTSP connection is closed because of a bug", exc_info=error)
            self._transport.abort()
            return
        self.has_answered = True
        self._transport.resume_reading()
        self._wait_for_request(IDLE_S)
        self._next()
        if self._is_last and self._task is None:
            self._transport.close()

    def _write(self, data: bytes) -> None:
        """Send packets, unless the connection has just been lost: asyncio warns of each that it cannot send."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def _wait_for_request(self, limit_s: float) -> None:
        """Close the connection if no request begins within a time."""
        self._idle_until = asyncio.get_running_loop().time() + limit_s
        self._wait(limit_s)

    def _wait_for_rest(self) -> None:
        """Close the connection if a message that has begun takes too long; its bytes one by one do not extend that."""
        is_partial = bool(self._messages)
        if is_partial != self._is_partial:
            self._is_partial = is_partial
            self._wait(HEAD_S if is_partial else self._idle_until - asyncio.get_running_loop().time())

    def _wait(self, limit_s: float) -> None:
        """Close the connection if nothing comes within a time; one with a session lasts as long as that."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(limit_s, self._timed_out)

    def _timed_out(self) -> None:
        if self.busy:
            self._wait(IDLE_S)
        else:
            self._transport.close()
