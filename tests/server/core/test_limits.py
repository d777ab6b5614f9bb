"""Bodies within their limits, and who a client is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from server.core import BrokenOff, TooLarge, TooSlow, limits


class Gone(Exception):
    """The sender has hung up."""


async def body(*chunks: bytes | Exception) -> AsyncGenerator[bytes, None]:
    for chunk in chunks:
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


def passed(chunks: AsyncGenerator[bytes, None], length: str | None = None, limit: int = 5) -> bytes:
    """Give what comes through."""

    async def read() -> bytes:
        within = limits.within_limits(chunks, length=length, limit=limit, what="a note", disconnect=Gone)
        return b"".join([chunk async for chunk in within])

    return asyncio.run(read())


@pytest.mark.parametrize("length", [None, "5", "nonsense", "-7"])
def test_a_body_of_the_largest_size_comes_through(length: str | None) -> None:
    assert passed(body(b"abc", b"", b"de"), length) == b"abcde"


def test_one_byte_more_does_not() -> None:
    with pytest.raises(TooLarge, match="a note must be under 1 kB"):
        passed(body(b"abc", b"def"))


def test_nothing_is_read_of_a_body_that_says_it_is_too_large() -> None:
    with pytest.raises(TooLarge):
        passed(body(AssertionError("read")), length="6")


def test_a_sender_that_hangs_up_has_sent_no_body() -> None:
    with pytest.raises(BrokenOff):
        passed(body(b"abc", Gone()))


def test_a_sender_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GRACE_S", 0.01)

    async def silent() -> AsyncGenerator[bytes, None]:
        await asyncio.Event().wait()
        yield b""

    with pytest.raises(TooSlow):
        passed(silent())


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no address", "no address"),
    ],
)
def test_of_ipv6_one_client_has_a_whole_network(address: str, client: str) -> None:
    assert limits.client_of(address) == client
