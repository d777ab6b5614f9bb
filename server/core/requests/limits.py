"""Limits on the size of one request, the same for all protocols."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from .errors import BrokenOff, InvalidRequest, TooLarge

PARTS_AT_ONCE = 4
"""Pictures of one request in progress at once, so that 128 URLs are not 128 pictures in memory."""


async def within_limits(
    chunks: AsyncGenerator[bytes, None], *, length: str | None, limit: int, what: str, disconnect: type[Exception]
) -> AsyncGenerator[bytes, None]:
    """Yield the chunks of a body while it is not too large.

    Args:
        chunks: The incoming body, within its limits of time (:class:`Bodies`).
        length: The value of the ``Content-Length`` header.
        limit: Most bytes of the body.
        what: Name of the body in errors.
        disconnect: The exception that ``chunks`` raises when the client disconnects.

    Raises:
        TooLarge: The body has more than ``limit`` bytes; if it says so at once, nothing is read.
        BrokenOff: The client disconnected before the end.
    """
    if length is not None and length.isdecimal() and int(length) > limit:
        raise too_large(what, limit)
    received = 0
    try:
        async for chunk in chunks:
            received += len(chunk)
            if received > limit:
                raise too_large(what, limit)
            yield chunk
    except disconnect:
        raise BrokenOff("the body broke off") from None


def too_many(number: int, limit: int) -> InvalidRequest:
    """Return the error for too many pictures in one request."""
    return InvalidRequest(f"a request may have at most {limit} pictures, got {number}")


def too_large(what: str, limit: int) -> TooLarge:
    """Return the error for too many bytes."""
    size = f"{-(-limit // 1_000_000)} MB" if limit >= 1_000_000 else f"{-(-limit // 1000)} kB"
    return TooLarge(f"{what} must be under {size}")
