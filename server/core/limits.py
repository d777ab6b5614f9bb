"""How much one request may bring, and how long it may take to do so; the same whichever way it comes in."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncGenerator

from .errors import BrokenOff, TooLarge, TooSlow

PICTURE_BYTES_MAX = 19_999_999  # under 20 MB
PARTS_MAX = 128
"""Pictures in one request."""
PARTS_AT_ONCE = 4
"""Pictures of one request that are worked on: the others wait, so that 128 URLs are not 128 pictures in memory."""
# What is parsed as a whole lies in memory as a whole.
MESSAGE_BYTES_MAX = 512_000_000
GRACE_S = 15.0
"""How long a sender is given to begin with; it gets more as it goes on at the rate below or above."""
RATE_MIN = 32_000  # bytes per second


async def within_limits(
    chunks: AsyncGenerator[bytes, None], *, length: str | None, limit: int, what: str, gone: type[Exception]
) -> AsyncGenerator[bytes, None]:
    """Pass the chunks of a body on while it stays within its limits of bytes and of time.

    Args:
        chunks: The body as it comes.
        length: How long its sender says it is, as the header has it.
        limit: How many bytes it may have.
        what: What it is, for the error.
        gone: What ``chunks`` raises when its sender hangs up.

    Raises:
        TooLarge: when it is above ``limit`` bytes.
        TooSlow: when it does not come in time.
        BrokenOff: when its sender hangs up before the end.
    """
    if length is not None and length.isdecimal() and int(length) > limit:
        raise too_large(what, limit)
    loop = asyncio.get_running_loop()
    began = loop.time()
    received = 0
    while True:
        try:
            async with asyncio.timeout_at(began + GRACE_S + received / RATE_MIN):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise TooSlow("the body came too slowly") from None
        except gone:
            raise BrokenOff("the body broke off") from None
        received += len(chunk)
        if received > limit:
            raise too_large(what, limit)
        yield chunk


def too_many(number: int) -> TooLarge:
    """Return the error for too many pictures in one request."""
    return TooLarge(f"a request may have at most {PARTS_MAX} pictures, got {number}")


def too_large(what: str, limit: int) -> TooLarge:
    """Return the error for too many bytes."""
    size = f"{-(-limit // 1_000_000)} MB" if limit >= 1_000_000 else f"{-(-limit // 1000)} kB"
    return TooLarge(f"{what} must be under {size}")


def client_of(address: str) -> str:
    """Return the client that an address counts for: with IPv6 one customer has a whole network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped is not None else str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
