"""Count the bodies of requests that are in flight on all ports, and limit how long each may take to arrive."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pipeline import LimitsConfig

from .clients import client_of
from .errors import TooManyRequests, TooSlow, Unavailable
from .limits import too_large
from .refusals import Refusals

T = TypeVar("T")

SMALL = 64_000
"""A body up to this size counts only until it has arrived; a larger one, until its request ends."""
SHARES = 4, 2
"""Bytes in flight, as multiples of the largest body: in all, and from one address."""

_BUSY = "too many requests with a body are in progress; try again shortly"
_YOURS = "too many requests with a body from this address are in progress; try again shortly"


class Bodies:
    """The bodies in flight. Use it in the event loop.

    Args:
        limits: Returns the present limits.
        refusals: Counts what is refused.
    """

    def __init__(self, limits: Callable[[], LimitsConfig], refusals: Refusals | None = None) -> None:
        self.refusals = Refusals() if refusals is None else refusals
        self._limits = limits
        self._count = 0
        self._bytes = 0
        self._count_of: Counter[str] = Counter()
        self._bytes_of: Counter[str] = Counter()

    @contextmanager
    def admit(self, address: str) -> Iterator[Body]:
        """Count a body during the block, in which it is received and used.

        Args:
            address: The address of the client.

        Raises:
            Unavailable: Too many bodies are in flight.
            TooManyRequests: Too many are from this address.
        """
        limits, place = self._limits(), client_of(address)
        if self._count >= limits.bodies:
            self.refusals.add("bodies")
            raise Unavailable(_BUSY)
        if self._count_of[place] >= limits.bodies_per_address:
            self.refusals.add("bodies_per_address")
            raise TooManyRequests(_YOURS, 1)
        self._count += 1
        self._count_of[place] += 1
        body = Body(self, limits, place)
        try:
            yield body
        finally:
            body.release()

    def add(self, place: str, count: int, limits: LimitsConfig) -> None:
        """Count more bytes of a client.

        Raises:
            Unavailable: Too many bytes are in flight.
            TooManyRequests: Too many are from this client.
        """
        in_all, of_one = SHARES
        if self._bytes + count > in_all * limits.body_bytes:
            self.refusals.add("bodies")
            raise Unavailable(_BUSY)
        if self._bytes_of[place] + count > of_one * limits.body_bytes:
            self.refusals.add("bodies_per_address")
            raise TooManyRequests(_YOURS, 1)
        self._bytes += count
        self._bytes_of[place] += count

    def remove(self, place: str, count: int) -> None:
        """Count a body of so many bytes no more."""
        self._count -= 1
        self._bytes -= count
        for counter, amount in ((self._count_of, 1), (self._bytes_of, count)):
            counter[place] -= amount
            if not counter[place]:
                del counter[place]


class Body:
    """One body in flight, from :meth:`Bodies.admit`.

    Attributes:
        received: Its bytes so far.
    """

    def __init__(self, bodies: Bodies, limits: LimitsConfig, place: str) -> None:
        self._bodies = bodies
        self._limits = limits
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + limits.body_total_s
        self._counted = True
        self.received = 0

    async def next(self, arriving: Awaitable[T]) -> T:
        """Wait for the next part of the body.

        Raises:
            TooSlow: It does not arrive in time.
        """
        deadline = min(self._loop.time() + self._limits.body_idle_s, self._until)
        timeout = asyncio.timeout_at(deadline)
        try:
            async with timeout:
                return await arriving
        except TimeoutError:
            if not timeout.expired():
                raise
            self._bodies.refusals.add("body_idle_s" if deadline < self._until else "body_total_s")
            raise TooSlow("the body arrived too slowly") from None

    def add(self, count: int) -> None:
        """Count bytes that have arrived.

        Raises:
            TooLarge: The body is larger than any may be.
            Unavailable: Too many bytes are in flight.
            TooManyRequests: Too many are from this client.
        """
        self._bodies.add(self._place, count, self._limits)
        self.received += count
        if self.received > self._limits.body_bytes:
            self._bodies.refusals.add("body_bytes")
            raise too_large("a body", self._limits.body_bytes)

    def complete(self) -> None:
        """Note that the whole body has arrived."""
        if self.received <= SMALL:
            self.release()

    def release(self) -> None:
        """Count it no more. Safe to call twice."""
        if self._counted:
            self._counted = False
            self._bodies.remove(self._place, self.received)
