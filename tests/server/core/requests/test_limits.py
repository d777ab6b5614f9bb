"""Limits of bodies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from server.core import BrokenOff, TooLarge, within_limits


class Gone(Exception):
    """The client has disconnected."""


async def body(*chunks: bytes | Exception) -> AsyncGenerator[bytes, None]:
    for chunk in chunks:
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


def passed(chunks: AsyncGenerator[bytes, None], length: str | None = None, limit: int = 5) -> bytes:
    """Return the chunks within the limits."""

    async def read() -> bytes:
        within = within_limits(chunks, length=length, limit=limit, what="a note", disconnect=Gone)
        return b"".join([chunk async for chunk in within])

    return asyncio.run(read())


@pytest.mark.parametrize("length", [None, "5", "nonsense", "-7"])
def test_a_body_of_the_largest_size_is_accepted(length: str | None) -> None:
    assert passed(body(b"abc", b"", b"de"), length) == b"abcde"


def test_one_byte_more_is_refused() -> None:
    with pytest.raises(TooLarge, match="a note must be under 1 kB"):
        passed(body(b"abc", b"def"))


def test_a_body_with_too_large_a_length_is_not_read() -> None:
    with pytest.raises(TooLarge):
        passed(body(AssertionError("read")), length="6")


def test_a_body_of_a_disconnected_client_is_refused() -> None:
    with pytest.raises(BrokenOff):
        passed(body(b"abc", Gone()))
