"""Readers get all frames; a late reader starts with the newest."""

from __future__ import annotations

import pytest

from cameras import Frame, Slot, SlotClosed
from pipeline.feeds.fan_out import FanOut
from tests.fakes import frame


def taken(slot: Slot[Frame]) -> int | None:
    try:
        return slot.get(0).pts
    except TimeoutError:
        return None


def test_every_reader_gets_every_frame_and_a_late_one_the_newest() -> None:
    fan_out, first, second = FanOut(), Slot[Frame](), Slot[Frame]()
    fan_out.attach(first)
    assert fan_out.publish(lambda: frame(1))
    fan_out.attach(second)
    assert (taken(first), taken(second)) == (1, 1)
    fan_out.detach(first)
    assert fan_out.publish(lambda: frame(2))
    assert taken(second) == 2
    with pytest.raises(SlotClosed):
        first.get(0)


def test_a_frame_that_is_obsolete_is_not_distributed() -> None:
    fan_out, slot = FanOut(), Slot[Frame]()
    fan_out.attach(slot)
    assert not fan_out.publish(lambda: None)
    assert (fan_out.latest, taken(slot)) == (None, None)


def test_a_late_reader_does_not_get_a_dropped_frame() -> None:
    fan_out, slot = FanOut(), Slot[Frame]()
    fan_out.publish(lambda: frame(1))
    fan_out.forget()
    fan_out.attach(slot)
    assert (fan_out.latest, taken(slot)) == (None, None)


def test_closing_closes_all_slots_and_later_ones() -> None:
    fan_out, early, late = FanOut(), Slot[Frame](), Slot[Frame]()
    fan_out.attach(early)
    fan_out.publish(lambda: frame(1))
    fan_out.close()
    fan_out.close()
    fan_out.attach(late)
    for slot in (early, late):
        with pytest.raises(SlotClosed):
            slot.get(0)
    assert fan_out.latest is None
