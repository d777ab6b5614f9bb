"""Slots: the newest item wins, drops are counted, and closing ends all waits."""

import threading

import pytest

from cameras import Slot, SlotClosed, SlotStatistics


def test_newest_wins_and_the_loss_is_counted() -> None:
    slot: Slot[int] = Slot()
    for item in (1, 2, 3):
        slot.put(item)
    assert slot.statistics == SlotStatistics(put=3, dropped=2, waiting=True)
    assert slot.get(0) == 3
    assert slot.statistics == SlotStatistics(put=3, dropped=2, waiting=False)


def test_nothing_in_time_is_a_timeout() -> None:
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


def test_a_waiting_reader_gets_what_comes() -> None:
    slot: Slot[int] = Slot()
    thread, got = in_thread(slot)
    slot.put(7)
    thread.join()
    assert got == [7]


def test_a_waiting_reader_sees_the_end_at_once() -> None:
    slot: Slot[int] = Slot()
    thread, got = in_thread(slot)
    slot.close()
    thread.join()
    assert got == [SlotClosed]


def test_a_waiting_reader_can_be_woken() -> None:
    slot: Slot[int] = Slot()
    thread, got = in_thread(slot)
    slot.wake()
    thread.join()
    assert got == [TimeoutError]


def test_waking_without_a_consumer_ends_the_next_wait_and_takes_no_item() -> None:
    slot: Slot[int] = Slot()
    slot.wake()
    slot.put(1)
    assert slot.get(5) == 1
    with pytest.raises(TimeoutError):
        slot.get(5)


def test_closing_twice_and_putting_after_the_end_are_harmless() -> None:
    slot: Slot[int] = Slot()
    slot.put(1)
    slot.close()
    slot.close()
    slot.put(2)
    assert slot.statistics == SlotStatistics(put=1, dropped=0, waiting=False)
    with pytest.raises(SlotClosed):
        slot.get(0)
