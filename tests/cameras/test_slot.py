"""Slots: the newest item wins, drops are counted, and closing ends all waits."""

import threading
import weakref
from collections.abc import Callable

import pytest

from cameras import Slot, SlotClosed, SlotStatistics


def test_the_newest_item_wins_and_drops_are_counted() -> None:
    slot: Slot[int] = Slot()
    for item in (1, 2, 3):
        slot.put(item)
    assert slot.statistics == SlotStatistics(put=3, dropped=2, waiting=True)
    assert slot.get(0) == 3
    assert slot.statistics == SlotStatistics(put=3, dropped=2, waiting=False)


def test_get_raises_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        Slot[int]().get(0)


def in_thread(slot: Slot[int]) -> tuple[threading.Thread, list[object]]:
    got: list[object] = []

    def read() -> None:
        try:
            got.append(slot.get(5))
        except (TimeoutError, SlotClosed) as ended:
            got.append(type(ended))

    thread = threading.Thread(target=read)
    thread.start()
    return thread, got


def test_a_waiting_reader_gets_the_next_item() -> None:
    slot: Slot[int] = Slot()
    thread, got = in_thread(slot)
    slot.put(7)
    thread.join()
    assert got == [7]


def test_closing_wakes_a_waiting_reader() -> None:
    slot: Slot[int] = Slot()
    thread, got = in_thread(slot)
    slot.close()
    thread.join()
    assert got == [SlotClosed]


def test_a_consumer_is_called_for_each_item_and_at_the_end() -> None:
    slot: Slot[int] = Slot()
    calls: list[int] = []
    slot.on_ready(lambda: calls.append(slot.statistics.put))
    assert calls == []
    slot.put(7)
    assert slot.get(0) == 7
    slot.put(8)
    slot.put(9)
    slot.close()
    slot.close()
    slot.put(10)
    assert calls == [1, 2, 3, 3]


@pytest.mark.parametrize("before", [lambda slot: slot.put(1), Slot.close], ids=["put", "closed"])
def test_a_consumer_is_called_at_once_for_earlier_events(before: Callable[[Slot[int]], None]) -> None:
    slot: Slot[int] = Slot()
    before(slot)
    calls: list[int] = []
    slot.on_ready(lambda: calls.append(1))
    assert calls == [1]


def test_a_closed_slot_keeps_no_consumer() -> None:
    class Consumer:
        def ready(self) -> None:
            pass

    slot: Slot[int] = Slot()
    early, late = Consumer(), Consumer()
    gone = [weakref.ref(early), weakref.ref(late)]
    slot.on_ready(early.ready)
    slot.close()
    slot.on_ready(late.ready)
    del early, late
    assert [each() for each in gone] == [None, None]


def test_closing_twice_and_putting_after_the_end_are_harmless() -> None:
    slot: Slot[int] = Slot()
    slot.put(1)
    slot.close()
    slot.close()
    slot.put(2)
    assert slot.statistics == SlotStatistics(put=1, dropped=0, waiting=False)
    with pytest.raises(SlotClosed):
        slot.get(0)
