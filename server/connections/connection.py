"""One TCP connection, between its transport and the protocol of its port."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

from pipeline import LimitsConfig

from .turns import Payer, Turns

T = TypeVar("T")

logger = logging.getLogger(__name__)

HEAD_S = 15.0
"""Time limit for a TLS handshake, and for the head of a request."""
UNSENT_BYTES = 131_072
"""Bytes that the system takes before they can leave. By default it takes megabytes: seconds of a live stream, which a
slow client would get late instead of skipping them."""
_TCP_NOTSENT_LOWAT = 25  # linux/tcp.h
PORTION = 4096
"""Bytes that a protocol processes at once, unless it knows better: the worst of them take some milliseconds."""
RATE_MIN = 32_000
"""Bytes per second that a client must at least read, averaged over ``write_s``."""
CONNECTION = "camweave.connection"
"""Name of the :class:`Connection` among the extra information of a protocol's transport."""


class PortProtocol(asyncio.Protocol):
    """The protocol of a port; :class:`Connection` calls it and gives it its transport.

    Attributes:
        has_answered: Whether it has answered a request. Connections that never asked for anything are the first to be
            closed when there are too many.
        requests: The number of requests that it has started to answer, and of bodies that have arrived.
    """

    has_answered = False
    requests = 0

    @property
    def busy(self) -> bool:
        """Whether it is answering a request. Others may be closed when too many connections are open."""
        return False

    @property
    def unfinished(self) -> bool:
        """Whether the client may still be sending what nobody will read."""
        return False

    def arriving(self) -> None:
        """Note that bytes have arrived, which it gets in its turn."""

    def portion(self, data: bytearray) -> int:
        """Return how many of these bytes to process at once."""
        return PORTION

    def hang_up(self) -> None:
        """Close the connection because the server needs it for others, or is closing."""


class Connection(asyncio.Protocol):
    """What all ports have in common.

    * The protocol gets received bytes by turns with other connections, in small portions. So do the answers to its
      requests.
    * When the protocol closes while the client is still sending, the connection reads on and discards for a while.
      Closing at once would reset the connection, and the client could lose the answer.
    * A client that does not read what it is sent is disconnected.

    Args:
        protocol: The protocol of the port.
        limits: Returns the present limits.
        turns: The turns of all connections.
        address: The address of the client.
        active: Called when bytes arrive.
        ended: Called once when the connection is closed.
    """

    def __init__(
        self,
        protocol: PortProtocol,
        limits: Callable[[], LimitsConfig],
        turns: Turns,
        address: str,
        active: Callable[[Connection], None],
        ended: Callable[[Connection], None],
    ) -> None:
        self.protocol = protocol
        self.payer = Payer(turns.client(address))
        self._limits = limits
        self._turns = turns
        self._active = active
        self._ended = ended
        self._unread = bytearray()
        self._loop = asyncio.get_running_loop()
        self._raw: asyncio.Transport | None = None
        self._paused = False  # by the protocol
        self._reading = True
        self._at_end = False
        self._closing = self._aborted = False
        self._lost = True  # from the protocol's point of view: it has no connection yet, or no more
        self._discarded: int | None = None  # bytes, once it only reads on
        self._discard_until = 0.0
        self._discard_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._sent = 0
        self._write_paused = False

    @property
    def busy(self) -> bool:
        """Whether its protocol is answering a request, or has yet to look at one that has arrived."""
        return not self._lost and (self.protocol.busy or bool(self._unread))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the protocol its transport."""
        assert isinstance(transport, asyncio.Transport)
        self._raw = transport
        if self._closing:
            transport.abort()
            return
        self._lost = False
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX and sys.platform == "linux":
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        self.protocol.connection_made(_Transport(self, transport))

    def data_received(self, data: bytes) -> None:
        """Keep the data until it is this connection's turn."""
        self._active(self)
        if self._discarded is not None:
            self._discard(len(data))
        elif not self._closing:
            self._unread += data
            self.protocol.arriving()
            self._turns.take(self)
            self._update_reading()

    @property
    def has_work(self) -> bool:
        """Whether the protocol can process something now."""
        return bool(self._unread or self._at_end) and not self._paused and not self._closing and not self._lost

    def work(self) -> bool:
        """Let the protocol process a portion of what has been received; return whether that started a request."""
        before = self.protocol.requests
        try:
            if self._unread:
                size = self.protocol.portion(self._unread)
                data = bytes(memoryview(self._unread)[:size])
                del self._unread[:size]
                self.protocol.data_received(data)
            else:
                self._at_end = False
                if not self.protocol.eof_received() and self._raw is not None:
                    self._raw.close()
        except Exception:
            logger.exception("a connection is closed because of a bug")
            self.abort()
        if not self._unread:
            self._update_reading()
        return self.protocol.requests > before

    def eof_received(self) -> bool:
        """Tell the protocol once it has processed everything before the end."""
        if self._discarded is not None or self._closing or self._raw is None:
            return False
        self._at_end = True
        self._turns.take(self)
        return self._raw.can_write_eof()  # a TLS connection cannot stay half open

    def pause_writing(self) -> None:
        """Pause the protocol; the client does not read as fast as it writes."""
        self._write_paused = True
        self._watch_writing()
        if not self._lost:
            self.protocol.pause_writing()

    def resume_writing(self) -> None:
        """Resume the protocol."""
        self._write_paused = False
        if not self._lost:
            self.protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol, and end."""
        for timer in (self._discard_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        self._discard_timer = self._write_timer = None
        self._unread.clear()
        self._raw = None
        self._lose(exc)
        self._ended(self)

    def hang_up(self) -> None:
        """Close the connection for the sake of others, without waiting for the client."""
        if not self._lost:
            self.protocol.hang_up()
        self._closing = True
        if self._raw is not None:
            self._raw.close()

    def abort(self) -> None:
        """Reset the connection at once. Closed, it would still hold what the client does not read, in the system."""
        self._closing = True
        if self._raw is not None and not self._aborted:
            self._aborted = True
            sock = self._raw.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._raw.abort()

    # What the protocol does with its transport.

    def charge(self, address: str) -> None:
        """Charge the client at another address, until the next call: a proxy's connection has many clients."""
        self.payer.client = self._turns.client(address)

    def run(self, work: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Run the answer to a request by turns; await it in its task."""
        return self._turns.run(self.payer, work)

    @property
    def is_closing(self) -> bool:
        """Whether the protocol has closed its transport."""
        return self._closing or self._raw is None or self._raw.is_closing()

    def write(self, data: Any) -> None:
        """Send data."""
        if self._raw is not None and not self._closing:
            if self._write_timer is not None and not self._unsent:  # the client has read everything meanwhile
                self._write_timer.cancel()
                self._write_timer = None
            self._sent += len(data)
            self._raw.write(data)
            self._watch_writing()

    def close(self) -> None:
        """Close the connection when everything is sent; read on until then if the client is still sending."""
        if self._closing or self._raw is None:
            return
        self._closing = True
        if not self._unread and not self.protocol.unfinished:
            self._raw.close()
            return
        self._unread.clear()
        self._discarded = 0
        self._discard_until = self._loop.time() + self._limits().body_total_s
        self._await_more()
        try:
            if self._raw.can_write_eof():
                self._raw.write_eof()
        except OSError:  # the client has reset the connection
            self.abort()
        self._update_reading()
        self._loop.call_soon(self._lose, None)

    def pause_reading(self) -> None:
        """Stop giving data to the protocol."""
        self._paused = True
        self._update_reading()

    def resume_reading(self) -> None:
        """Give data to the protocol again."""
        self._paused = False
        if self.has_work:
            self._turns.queue(self)
        self._update_reading()

    def _lose(self, exc: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self.protocol.connection_lost(exc)

    def _update_reading(self) -> None:
        """Read from the socket only while there is nothing left to process, so that little is held in memory."""
        if self._raw is None or self._raw.is_closing():
            return
        reading = self._discarded is not None or not (self._paused or self._unread)
        if reading != self._reading:
            self._reading = reading
            if reading:
                self._raw.resume_reading()
            else:
                self._raw.pause_reading()

    def _discard(self, count: int) -> None:
        assert self._discarded is not None and self._raw is not None
        self._discarded += count
        if self._discarded > self._limits().body_bytes or self._loop.time() > self._discard_until:
            self.abort()
        else:
            self._await_more()

    def _await_more(self) -> None:
        if self._discard_timer is not None:
            self._discard_timer.cancel()
        self._discard_timer = self._loop.call_later(self._limits().body_idle_s, self.abort)

    def _watch_writing(self) -> None:
        """Start to measure how fast the client reads, if something waits for it."""
        if self._write_timer is None and self._unsent:
            left = self._sent - self._unsent
            self._write_timer = self._loop.call_later(self._limits().write_s, self._check_writing, left)

    @property
    def _unsent(self) -> int:
        if self._raw is None:
            return 0
        # A TLS transport does not count what its socket has not taken yet, but says that writing is paused.
        return self._raw.get_write_buffer_size() or int(self._write_paused)

    def _check_writing(self, read_before: int) -> None:
        self._write_timer = None
        read = self._sent - self._unsent - read_before
        if self._unsent and read < RATE_MIN * self._limits().write_s:
            logger.info("a client is disconnected: it does not read")
            self.abort()
        else:
            self._watch_writing()


class _Transport(asyncio.Transport):
    """The transport of a protocol: that of the socket, by way of the connection."""

    def __init__(self, connection: Connection, raw: asyncio.Transport) -> None:
        super().__init__()
        self._connection = connection
        self._raw = raw

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._connection if name == CONNECTION else self._raw.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._connection.is_closing

    def close(self) -> None:
        self._connection.close()

    def abort(self) -> None:
        self._connection.abort()

    def write(self, data: Any) -> None:
        self._connection.write(data)

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self._connection.write(b"".join(list_of_data))

    def get_write_buffer_size(self) -> int:
        return self._raw.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._connection.pause_reading()

    def resume_reading(self) -> None:
        self._connection.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, PortProtocol)
        self._connection.protocol = protocol

    def get_protocol(self) -> PortProtocol:
        return self._connection.protocol
