"""Measurements are put together in the event loop, beside live streams."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from typing import cast

import pytest

from server.core import Backend
from server.metrics import OPEN_METRICS, TEXT, Family, collect, measurements

pytestmark = pytest.mark.anyio

NOBODY = cast(Backend, None)


def three(_backend: Backend) -> Iterator[Family]:
    for number in range(3):
        family = Family(f"camweave_{number}", "gauge", "A number.")
        family.add(number)
        yield family


@pytest.mark.parametrize(("turn_s", "turns"), [(-1.0, 3), (3600.0, 0)])
async def test_others_have_their_turn_when_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, turn_s: float, turns: int
) -> None:
    monkeypatch.setattr(collect, "families", three)
    monkeypatch.setattr(collect, "TURN_S", turn_s)
    had = 0

    def turn() -> None:
        nonlocal had
        had += 1
        asyncio.get_running_loop().call_soon(turn)

    asyncio.get_running_loop().call_soon(turn)
    assert (await measurements(NOBODY, TEXT)).count(b"\n") == 9
    assert had == turns


async def test_what_is_compressed_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "families", three)
    plain = await measurements(NOBODY, OPEN_METRICS)
    assert plain.endswith(b"camweave_2 2\n# EOF\n")
    assert gzip.decompress(await measurements(NOBODY, OPEN_METRICS, packed=True)) == plain
