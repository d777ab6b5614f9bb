"""Receive the request of a call within limits, and send its reply to clients that read it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from grpclib.server import Stream

from pipeline import LimitsConfig

from ..core import Bodies, BrokenOff, InvalidRequest, TooSlow, Unsupported, too_large

_PIECE = 65_536


def address_of(stream: Stream[Any, Any]) -> str:
    """Return the address of the client."""
    address = stream.peer.addr()
    return str(address[0]) if address else ""


@asynccontextmanager
async def received_within(
    stream: Stream[Any, Any], bodies: Bodies, limit: int, what: str = "a request"
) -> AsyncIterator[bytearray]:
    """Yield the message of a request. It counts as a body in flight during the block.

    The stream's own ``recv_message`` accepts any length that the client declares, up to 4 GB, and waits for it without
    end.

    Args:
        stream: The call.
        bodies: The bodies in flight on all ports.
        limit: Most bytes of the message.
        what: Name of the message in errors.

    Raises:
        RequestError: There is no message, or it is too large, too slow or incomplete; or too many are in flight.
    """
    data = stream._stream
    with bodies.admit(address_of(stream)) as body:
        try:
            head = await body.next(data.recv_data(5))
            if not head:
                raise InvalidRequest("the request is missing")
            compressed, size = struct.unpack(">?I", head)
            if compressed:
                raise Unsupported("compressed requests are not supported")
            if size > limit:
                raise too_large(what, limit)
            # It grows piece by piece: joining the pieces of a large message would stop the event loop, and reserving
            # its memory at once would give a client that only declares it as much as it likes.
            message = bytearray()
            while len(message) < size:
                piece = await body.next(data.recv_data(min(_PIECE, size - len(message))))
                body.add(len(piece))
                message += piece
            body.complete()
        except AssertionError:  # grpclib raises it for a request that ends early
            raise BrokenOff("the request ended early") from None
        except TooSlow:
            raise TooSlow("the request arrived too slowly") from None
        yield message


async def send_within(stream: Stream[Any, Any], reply: Any, limits: LimitsConfig, rate: int = 32_000) -> None:
    """Send the reply of a call; a client that does not read it loses the call.

    Args:
        stream: The call.
        reply: The message.
        limits: The present limits.
        rate: Bytes per second that the client must at least read, beyond ``write_s``.
    """
    limit_s = limits.write_s + reply.ByteSize() / rate
    try:
        async with asyncio.timeout(limit_s):
            await stream.send_message(reply)
    except TimeoutError:
        await stream.cancel()
