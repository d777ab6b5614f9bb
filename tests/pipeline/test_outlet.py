"""Frames are handed to all who take them, the newest to whoever comes later."""

from __future__ import annotations

import pytest

from cameras import Frame, Slot, SlotClosed
from pipeline.outlet import Outlet
from tests.fakes import frame


def taken(slot: Slot[Frame]) -> int | None:
    try:
        return slot.get(0).pts
    except TimeoutError:
        return None


def test_everybody_gets_every_frame_and_who_comes_later_the_newest() -> None:
    outlet, first, second = Outlet(), Slot[Frame](), Slot[Frame]()
    outlet.attach(first)
    assert outlet.publish(frame(1), lambda: True)
    outlet.attach(second)
    assert (taken(first), taken(second)) == (1, 1)
    outlet.detach(first)
    assert outlet.publish(frame(2), lambda: True)
    assert taken(second) == 2
    with pytest.raises(SlotClosed):
        first.get(0)


def test_what_is_not_wanted_at_the_last_moment_is_handed_to_nobody() -> None:
    outlet, slot = Outlet(), Slot[Frame]()
    outlet.attach(slot)
    assert not outlet.publish(frame(1), lambda: False)
    assert (outlet.latest, taken(slot)) == (None, None)


def test_what_is_forgotten_is_shown_to_nobody_who_comes() -> None:
    outlet, slot = Outlet(), Slot[Frame]()
    outlet.publish(frame(1), lambda: True)
    outlet.forget()
    outlet.attach(slot)
    assert (outlet.latest, taken(slot)) == (None, None)


def test_closing_ends_all_slots_those_that_come_later_too() -> None:
    outlet, early, late = Outlet(), Slot[Frame](), Slot[Frame]()
    outlet.attach(early)
    outlet.publish(frame(1), lambda: True)
    outlet.close()
    outlet.close()
    outlet.attach(late)
    for slot in (early, late):
        with pytest.raises(SlotClosed):
            slot.get(0)
    assert outlet.latest is None
