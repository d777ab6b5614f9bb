"""A watch holds the newest frame and leaves its feed once."""

from __future__ import annotations

import threading

import pytest

from cameras import Frame, Slot, SlotClosed
from pipeline import Watch
from tests.fakes import frame


def test_the_reader_gets_the_newest_frame_and_the_number_dropped() -> None:
    slot = Slot[Frame]()
    watch = Watch(slot, slot.close)
    slot.put(frame(1))
    slot.put(frame(2))
    assert (watch.get(5).pts, watch.dropped) == (2, 1)


def test_wake_ends_a_wait() -> None:
    watch = Watch(Slot[Frame](), lambda: None)
    watch.wake()
    with pytest.raises(TimeoutError):
        watch.get(5)


def test_closing_twice_leaves_once() -> None:
    left = list[int]()
    with Watch(Slot[Frame](), lambda: left.append(1)) as watch:
        watch.close()
    watch.close()
    assert left == [1]


def test_closing_from_another_thread_ends_a_wait() -> None:
    slot = Slot[Frame]()
    watch = Watch(slot, slot.close)
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(SlotClosed):
            watch.get(5)
        ended.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    watch.close()
    assert ended.wait(5)
    waiting.join()
