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


def test_a_reader_that_does_not_wait_is_called_for_a_frame_and_at_the_end() -> None:
    slot = Slot[Frame]()
    watch = Watch(slot, slot.close)
    calls = list[int]()
    watch.on_ready(lambda: calls.append(1))
    slot.put(frame(3))
    assert (watch.get(0).pts, len(calls)) == (3, 1)
    watch.close()
    assert len(calls) == 2


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
