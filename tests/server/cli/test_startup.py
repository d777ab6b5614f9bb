"""The pause of the garbage collector while the program is imported."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from server.cli.startup import without_collection


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Take the objects that the tests exempt back into the collector."""
    yield
    gc.unfreeze()


class Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_it_pauses_in_the_block_and_exempts_what_was_made_there() -> None:
    with without_collection():
        assert not gc.isenabled()
        inside = Cycle()
    outside = Cycle()
    seen = weakref.ref(inside), weakref.ref(outside)
    del inside, outside
    gc.collect()
    assert gc.isenabled()
    assert [reference() is None for reference in seen] == [False, True]


def test_it_goes_on_after_an_exception() -> None:
    with pytest.raises(ImportError), without_collection():
        raise ImportError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with without_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
