from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from cameras import Frame, Mark, Pixels
from pipeline.producers import waiting as module
from pipeline.producers.waiting import Waiting


def captured(at_s: float) -> Frame:
    image = np.zeros((10, 20, 3), np.uint8)
    return Frame(Pixels.from_bgr(image), round(at_s * 10), Fraction(1, 10), 0.0, trace=(Mark("captured", at_s),))


def test_a_frame_waits_a_constant_time_from_its_arrival() -> None:
    waiting = Waiting([0.0, 0.5])
    assert waiting.due_in_s(1.0) is None and waiting.next(1.0) is None
    first, second = captured(1.0), captured(1.1)
    waiting.add(first, 1, False, now_s=1.05)
    waiting.add(second, 1, True, now_s=1.3)
    assert waiting.due_in_s(1.3) == pytest.approx(0.2)
    assert waiting.next(1.49) is None
    assert waiting.next(1.5) == (first, 1, False)
    assert waiting.due_in_s(1.5) == pytest.approx(0.1)
    assert waiting.next(2.0) == (second, 1, True)
    assert waiting.due_in_s(2.0) is None


def test_the_delays_of_a_row_add_up_and_the_frame_that_is_due_first_comes_first() -> None:
    waiting = Waiting([0.5, 0.3])
    late, early = captured(1.0), captured(1.2)
    waiting.add(early, 0, False, now_s=1.2)
    waiting.add(late, 1, False, now_s=1.5)
    assert waiting.next(2.0) == (early, 0, False)
    assert waiting.next(2.0) == (late, 1, False)


def test_a_frame_without_a_trace_waits_from_now_on() -> None:
    waiting = Waiting([0.5])
    frame = Frame(Pixels.from_bgr(np.zeros((2, 2, 3), np.uint8)), 0, Fraction(1, 10), 0.0)
    waiting.add(frame, 0, False, now_s=3.0)
    assert waiting.due_in_s(3.0) == 0.5


def test_the_clock_of_a_camera_does_not_shorten_the_wait() -> None:
    waiting = Waiting([0.5])
    early = captured(1.0)
    waiting.add(early.marked("received", 3.0), 0, False, now_s=3.0)
    assert waiting.due_in_s(3.0) == 0.5


@pytest.mark.parametrize(("limit", "most"), [("MOST_FRAMES", 3), ("MOST_BYTES", 3 * 10 * 20 * 3)])
def test_too_many_frames_do_not_wait(monkeypatch: pytest.MonkeyPatch, limit: str, most: int) -> None:
    monkeypatch.setattr(module, limit, most)
    waiting = Waiting([0.5])
    frames = [captured(number / 10) for number in range(4)]
    for frame in frames[:3]:
        waiting.add(frame, 0, False, now_s=0.3)
    assert waiting.next(0.3) is None
    waiting.add(frames[3], 0, False, now_s=0.3)
    assert waiting.due_in_s(0.3) == 0.0
    assert waiting.next(0.3) == (frames[0], 0, False)
    assert waiting.next(0.3) is None
    waiting.clear()
    assert waiting.due_in_s(0.3) is None
