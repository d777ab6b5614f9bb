from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from server.core.pool import KEPT_MAX, Pool
from server.core.workers import Workers


class Thing:
    """An object of the pool."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def close(self) -> None:
        """Record the call."""
        assert not self.closed.is_set(), "closed twice"
        self.closed.set()


class Shop:
    """Opens objects and records them."""

    def __init__(self) -> None:
        self.things: list[Thing] = []
        self.fails: Exception | None = None
        self.asked, self.go, self.opened = threading.Semaphore(0), threading.Event(), threading.Event()
        self.go.set()

    def __call__(self) -> Thing:
        self.asked.release()
        assert self.go.wait(10)
        if self.fails is not None:
            raise self.fails
        self.things.append(Thing())
        self.opened.set()
        return self.things[-1]


def run(main: Callable[[Pool], Awaitable[None]], linger_s: float = 60.0) -> None:
    async def within() -> None:
        pool = Pool(Workers("api", threads=4, waiting=100), linger_s)
        try:
            await main(pool)
        finally:
            pool.close()

    asyncio.run(within())


async def seen(event: threading.Event) -> bool:
    return await asyncio.to_thread(event.wait, 5)


def test_requests_with_one_key_share_an_object() -> None:
    shop = Shop()

    async def main(pool: Pool) -> None:
        async with pool.use("a", shop) as first:
            pass
        async with pool.use("a", shop) as again, pool.use("b", shop) as other:
            assert again is first is not other
        assert not first.closed.is_set()

    run(main)
    assert [thing.closed.wait(5) for thing in shop.things] == [True, True]


def test_an_unused_object_is_closed_after_a_while_and_opened_again() -> None:
    shop = Shop()

    async def main(pool: Pool) -> None:
        async with pool.use("a", shop) as first:
            pass
        assert await seen(first.closed)
        async with pool.use("a", shop) as second:
            assert second is not first

    run(main, linger_s=0)


def test_an_object_in_use_is_not_closed() -> None:
    shop = Shop()

    async def main(pool: Pool) -> None:
        async with pool.use("a", shop) as thing:
            async with pool.use("a", shop), pool.use("b", shop) as other:
                pass
            assert await seen(other.closed)
            assert not thing.closed.is_set()
        assert await seen(thing.closed)

    run(main, linger_s=0)


def test_concurrent_requests_open_an_object_once() -> None:
    shop = Shop()

    async def use(pool: Pool) -> Thing:
        async with pool.use("a", shop) as thing:
            return thing

    async def main(pool: Pool) -> None:
        assert len(set(await asyncio.gather(*(use(pool) for _ in range(10))))) == 1

    run(main)
    assert len(shop.things) == 1


def test_all_waiting_requests_get_the_error_and_the_next_one_retries() -> None:
    shop = Shop()
    shop.fails = ValueError("broken")

    async def use(pool: Pool) -> None:
        async with pool.use("a", shop):
            pytest.fail("it was not opened")

    async def main(pool: Pool) -> None:
        results = await asyncio.gather(use(pool), use(pool), return_exceptions=True)
        assert [str(result) for result in results] == ["broken", "broken"]
        assert pool._entries == {}
        shop.fails = None
        async with pool.use("a", shop):
            pass

    run(main)


def test_a_request_cancelled_during_the_opening_leaves_it_to_the_others() -> None:
    shop = Shop()
    shop.go.clear()

    async def use(pool: Pool) -> Thing:
        async with pool.use("a", shop) as thing:
            return thing

    async def main(pool: Pool) -> None:
        first = asyncio.create_task(use(pool))
        await asyncio.to_thread(shop.asked.acquire)
        second = asyncio.create_task(use(pool))
        await asyncio.sleep(0)
        first.cancel()
        shop.go.set()
        assert await second is shop.things[0]

    run(main)
    assert len(shop.things) == 1


def test_an_object_opened_after_all_requests_ended_is_closed() -> None:
    shop = Shop()
    shop.go.clear()

    async def main(pool: Pool) -> None:
        async def use() -> None:
            async with pool.use("a", shop):
                pytest.fail("nobody waits")

        only = asyncio.create_task(use())
        await asyncio.to_thread(shop.asked.acquire)
        only.cancel()
        await asyncio.gather(only, return_exceptions=True)
        pool.close()
        shop.go.set()
        assert await seen(shop.opened)
        assert await seen(shop.things[0].closed)

    run(main)


def test_the_number_of_unused_objects_is_limited() -> None:
    shop = Shop()

    async def main(pool: Pool) -> None:
        for number in range(KEPT_MAX):
            async with pool.use(number, shop):
                pass
        async with pool.use(0, shop):
            pass
        async with pool.use("one more", shop):
            pass
        assert await seen(shop.things[1].closed)
        assert [thing.closed.is_set() for thing in shop.things].count(True) == 1

    run(main)


def test_an_object_in_use_is_not_closed_although_it_is_the_oldest() -> None:
    shop = Shop()

    async def main(pool: Pool) -> None:
        async with pool.use("in use", shop) as used:
            for number in range(KEPT_MAX + 1):
                async with pool.use(number, shop):
                    pass
            assert await seen(shop.things[1].closed)
            assert not used.closed.is_set()

    run(main)
