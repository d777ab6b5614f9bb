"""Bodies in flight: how many, how large, and for how long."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from pipeline import LimitsConfig
from server.core import Bodies, RequestError, TooLarge, TooManyRequests, TooSlow, Unavailable
from server.core.requests.bodies import SMALL

HERE, THERE = "127.0.0.1", "127.0.0.2"


def bodies(**limits: float) -> Bodies:
    changed = LimitsConfig().model_copy(update=limits)
    return Bodies(lambda: changed)


def refusals_of(counted: Bodies) -> dict[str, int]:
    """Return the refusals of each limit that has refused something."""
    return {limit: count for limit, count in counted.refusals.counts.items() if count}


@pytest.mark.anyio
async def test_bodies_are_counted_in_all_and_per_address() -> None:
    counted = bodies(bodies=3, bodies_per_address=2)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(counted.admit(HERE))
        with pytest.raises(TooManyRequests) as refused, counted.admit(HERE):
            pass
        assert refused.value.retry_after_s == 1
        stack.enter_context(counted.admit(THERE))
        with pytest.raises(Unavailable), counted.admit("127.0.0.3"):
            pass
    assert refusals_of(counted) == {"bodies": 1, "bodies_per_address": 1}
    with counted.admit(HERE):
        pass


@pytest.mark.anyio
async def test_a_small_body_counts_only_until_it_has_arrived() -> None:
    counted = bodies(bodies=1)
    with counted.admit(HERE) as small:
        small.add(SMALL)
        small.complete()
        with counted.admit(HERE) as large:
            large.add(SMALL + 1)
            large.complete()
            with pytest.raises(Unavailable), counted.admit(HERE):
                pass
        with counted.admit(HERE):
            pass


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("addresses", "error"), [([HERE] * 3, TooManyRequests), ([HERE, HERE, THERE, THERE, "::1"], Unavailable)]
)
async def test_bytes_in_flight_are_limited(addresses: list[str], error: type[RequestError]) -> None:
    counted = bodies(body_bytes=1000)
    with ExitStack() as stack:
        made = [stack.enter_context(counted.admit(address)) for address in addresses]
        for body in made[:-1]:
            body.add(1000)
        with pytest.raises(error):
            made[-1].add(1)
    with counted.admit(HERE) as body:
        body.add(1000)


@pytest.mark.anyio
async def test_a_body_has_a_largest_size() -> None:
    counted = bodies(body_bytes=1000)
    with counted.admit(HERE) as body:
        body.add(1000)
        with pytest.raises(TooLarge, match="a body must be under 1 kB"):
            body.add(1)
    assert refusals_of(counted) == {"body_bytes": 1}


@pytest.mark.anyio
@pytest.mark.parametrize("limits", [{"body_idle_s": 0.01}, {"body_total_s": 0.01}])
async def test_a_body_that_does_not_arrive_is_given_up(limits: dict[str, float]) -> None:
    counted = bodies(**limits)
    with counted.admit(HERE) as body:
        with pytest.raises(TooSlow):
            await body.next(asyncio.Event().wait())
    assert refusals_of(counted) == dict.fromkeys(limits, 1)


@pytest.mark.anyio
async def test_a_timeout_of_the_source_is_not_that_of_the_body() -> None:
    async def fails() -> None:
        raise TimeoutError

    with bodies().admit(HERE) as body:
        with pytest.raises(TimeoutError):
            await body.next(fails())
