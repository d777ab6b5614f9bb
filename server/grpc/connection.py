"""One HTTP/2 connection: grpclib's protocol, with the limits that it lacks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from grpclib import GRPCError, Status
from grpclib.config import Configuration
from grpclib.const import Cardinality
from grpclib.const import Handler as Method
from grpclib.metadata import decode_metadata, decode_timeout
from grpclib.protocol import EventsProcessor, H2Protocol
from grpclib.protocol import Stream as Transfer
from grpclib.server import Handler
from h2.config import H2Configuration
from h2.errors import ErrorCodes
from h2.events import RemoteSettingsChanged, RequestReceived, TrailersReceived
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hyperframe.frame import DataFrame

from pipeline import LimitsConfig

from ..connections import HEAD_S, PortProtocol
from .frames import FRAME_BYTES_MAX, FrameError, Frames

logger = logging.getLogger(__name__)

IDLE_S = 60.0
"""A connection without a call is closed after this time; clients connect again by themselves."""
FRAMES_AT_ONCE = 16
"""Frames processed at once."""
CREDIT = 500.0
"""Frames that a client may send beyond those that its calls and its data pay for."""
FIELDS_PER_FRAME = 32
"""So many fields of a head cost as much as a frame. Those of a usual call are fewer."""
CREDIT_PER_S = 20.0
CREDIT_PER_CALL = 20.0
CREDIT_PER_BYTE = 1 / 1024
"""Credit for data. The bytes of other frames cost as much as they carry, or more."""
TABLE_BYTES_MAX = 4096
"""Most bytes of the heads that are remembered for a client. It may allow 4 GB, and each reply searches all of them."""


TIMEOUT_MIN_S = 0.001
"""A call whose client waits less than this is over when it arrives."""
_TIMEOUT = "grpc-timeout"


def _short_text(frame: DataFrame) -> str:
    return f"DataFrame of {len(frame.data)} bytes"


# For its debug log, h2 makes a text of each frame that arrives, in hexadecimal, even without such a log.
DataFrame.__repr__ = _short_text  # type: ignore[method-assign, assignment]


class CallHandler(Handler):
    """grpclib's handler of calls, which would log a traceback for each malformed one and for each that is over.

    This one resets malformed calls, and answers a call that is over without its method.
    """

    accepted: Callable[[], None] = staticmethod(lambda: None)
    answered: Callable[[], None] = staticmethod(lambda: None)

    @property
    def calls(self) -> int:
        """The number of calls in progress."""
        return sum(not task.done() for task in self._tasks.values())

    def accept(self, stream: Transfer, headers: Any, release_stream: Callable[[], Any]) -> None:
        """Start to answer a call."""
        is_over = False
        try:
            complete = {":method", ":path"} <= {name for name, _ in headers}
            decode_metadata(headers)
            is_over = _is_over(headers)
        except Exception:  # values that are not base64, for one, and time limits of more than 300 digits
            complete = False
        if not complete:
            stream.reset_nowait(ErrorCodes.PROTOCOL_ERROR)
            release_stream()
            return
        if is_over:
            headers = [(name, value) for name, value in headers if name != _TIMEOUT]
            methods, self.mapping = self.mapping, _OVER
            try:
                super().accept(stream, headers, release_stream)
            finally:
                self.mapping = methods
        else:
            super().accept(stream, headers, release_stream)
        self.accepted()
        self._tasks[stream].add_done_callback(partial(self._done, stream))

    def cancel(self, stream: Transfer) -> None:
        """Cancel the call of a stream that the client has reset."""
        if stream in self._tasks:
            super().cancel(stream)

    def _done(self, stream: Transfer, task: asyncio.Task[None]) -> None:
        # Calls that are refused before they have sent anything cost more than they are worth to anybody.
        if stream.data_received and not task.cancelled() and task not in self._cancelled:
            self.answered()


class _Over(dict[str, Method]):
    """The methods for calls that are over."""

    def get(self, path: str, default: Any = None) -> Any:
        """Return the only method, whatever the path."""
        return Method(_answer_late, Cardinality.STREAM_STREAM, bytes, bytes)


_OVER = _Over()


async def _answer_late(stream: Any) -> None:
    raise GRPCError(Status.DEADLINE_EXCEEDED, "the deadline of this call had passed when it arrived")


def _is_over(headers: Any) -> bool:
    """Return whether the time limit of a call is too short to begin it; a malformed one is refused later.

    Raises:
        OverflowError: The limit is too long for a number.
    """
    try:
        limits_s = [float(decode_timeout(value)) for name, value in headers if name == _TIMEOUT]
    except ValueError:
        return False
    return min(limits_s, default=TIMEOUT_MIN_S) < TIMEOUT_MIN_S


class Http2Protocol(H2Protocol, PortProtocol):
    """The protocol of one connection.

    A client pays for each frame with credit, which it gets back by calls that are answered, by data, and by time. One
    that only sends frames, such as pings, or calls that it resets at once, soon has none left and is disconnected with
    ``GOAWAY``. So is one that leaves its connection idle.

    Args:
        handler: Handles its calls.
        config: Settings of grpclib.
        h2_config: Settings of h2.
        limits: Returns the present limits.
    """

    handler: CallHandler
    processor: EventsProcessor

    def __init__(
        self,
        handler: CallHandler,
        config: Configuration,
        h2_config: H2Configuration,
        limits: Callable[[], LimitsConfig],
    ) -> None:
        super().__init__(handler, config, h2_config)
        handler.accepted = self._count_call
        handler.answered = self._earn_call
        self._head_bytes = limits().header_bytes
        self._frames = Frames(self._head_bytes)
        self._credit = CREDIT
        self._paid_at = self._active_at = time.monotonic()
        self._refused = False
        self._begun = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether a call is in progress."""
        return self.handler.calls > 0

    @property
    def unfinished(self) -> bool:
        """Whether it has refused what the client sends."""
        return self._refused

    def portion(self, data: bytearray) -> int:
        """Return the bytes of a few frames."""
        return self._frames.portion(data, FRAMES_AT_ONCE)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the connection and the watch over its idle time."""
        super().connection_made(transport)
        self._h2.decoder.max_header_list_size = self._head_bytes
        self._h2.update_settings({SettingCodes.MAX_FRAME_SIZE: FRAME_BYTES_MAX})
        # h2 would refuse larger frames until the client confirms the setting, and clients may send some before that.
        self._h2.max_inbound_frame_size = FRAME_BYTES_MAX
        self.connection.flush()
        self._timer = asyncio.get_running_loop().call_later(HEAD_S, self._check_idle)

    def data_received(self, data: bytes) -> None:
        """Process some frames."""
        self._active_at = time.monotonic()
        try:
            taken = self._frames.take(data)
            self._pay(taken.costly, taken.data)
            events = self.connection.feed(data)
            heads = (event.headers for event in events if isinstance(event, RequestReceived | TrailersReceived))
            self._pay(sum(len(fields) // FIELDS_PER_FRAME for fields in heads), 0)
        except (FrameError, _Flood) as error:
            logger.debug("a gRPC client is disconnected: it sends %s", error)
            self._go_away(ErrorCodes.ENHANCE_YOUR_CALM)
        except Exception as error:  # h2 raises more than its ProtocolError, such as for heads that are not ASCII
            logger.debug("a gRPC client is disconnected: %r", error)
            # For its own errors, h2 has a GOAWAY ready.
            self._go_away(None if isinstance(error, ProtocolError) else ErrorCodes.PROTOCOL_ERROR)
        else:
            self._begun = True
            self.connection.flush()
            for event in events:
                if isinstance(event, RemoteSettingsChanged):
                    self._limit_settings(event)
                # Events that grpclib does not know, such as frames of an unknown type, are ignored.
                if type(event) in getattr(self.processor, "processors", ()):
                    self.processor.process(event)
            if not self.connection.is_closing():
                self.connection.flush()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Cancel the calls."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().connection_lost(exc)

    def hang_up(self) -> None:
        """Say goodbye, so that the client does not send another call, and close the connection."""
        self._go_away(ErrorCodes.NO_ERROR)

    @property
    def _h2(self) -> Any:
        return self.connection._connection

    def _go_away(self, code: ErrorCodes | None) -> None:
        if self.connection.is_closing():
            return
        self._refused = code is not ErrorCodes.NO_ERROR
        if code is not None:
            self._h2.close_connection(code)
        self.connection.flush()
        self.processor.close("the server closes the connection")

    def _limit_settings(self, event: RemoteSettingsChanged) -> None:
        """Forget the settings that nobody knows, each of which h2 keeps, and limit what the others make it keep."""
        for code in event.changed_settings:
            if not isinstance(code, SettingCodes):
                self._h2.remote_settings.pop(code, None)
        encoder = self._h2.encoder
        if encoder.header_table_size > TABLE_BYTES_MAX:
            encoder.header_table_size = TABLE_BYTES_MAX
        # The next head announces all sizes since the last one; the smallest and the last would do.
        changes = encoder.table_size_changes
        if len(changes) > 2:
            changes[:] = min(changes), changes[-1]

    def _pay(self, frames: int, data: int) -> None:
        now = time.monotonic()
        earned = (now - self._paid_at) * CREDIT_PER_S + data * CREDIT_PER_BYTE
        self._paid_at = now
        self._credit = min(self._credit + earned, 2 * CREDIT) - frames
        if self._credit < 0:
            raise _Flood("too many frames that carry nothing")

    def _count_call(self) -> None:
        self.requests += 1

    def _earn_call(self) -> None:
        self.has_answered = True
        self._credit = min(self._credit + CREDIT_PER_CALL, 2 * CREDIT)

    def _check_idle(self) -> None:
        """Close the connection if no call is in progress and nothing has come for a while; else look again later."""
        limit_s = IDLE_S if self._begun else HEAD_S
        idle_s = 0.0 if self.busy else time.monotonic() - self._active_at
        if idle_s >= limit_s:
            self._go_away(ErrorCodes.NO_ERROR)
        else:
            self._timer = asyncio.get_running_loop().call_later(limit_s - idle_s, self._check_idle)


class _Flood(Exception):
    """The client has no credit left."""
