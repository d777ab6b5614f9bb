from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from cameras import Detection, Frame, Pixels
from tests.transforms.services import FunctionVision
from transforms.modes import AutoInference, auto, worker

RATE = 10


class Timed:
    """A service whose inferences take as long as the test says, on a clock of its own."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.takes_s = 0.0
        self.service = FunctionVision("timed", detect=self._detect)
        self.mode = AutoInference(self.service)
        self.number = 0

    def monotonic(self) -> float:
        return self.now_s

    def _detect(self, frame: Frame) -> tuple[Detection, ...]:
        self.now_s += self.takes_s
        return (Detection(str(frame.sequence), 0.9, box=None),)  # type: ignore[arg-type]

    def frames(self, number: int, *, lost: int = 0) -> list[str]:
        """Give frames to the mode and return the number of the frame whose result each carries, or an empty text."""
        labels = []
        for _ in range(number):
            image = np.full((18, 32, 3), 90, np.uint8)
            frame = Frame(Pixels.from_bgr(image), self.number, Fraction(1, RATE), 0.0, self.number)
            self.number += 1 + lost
            found = self.mode.predict(Detection, frame)
            labels.append(found[0].label if found else "")
            self.wait()
        return labels

    def wait(self) -> None:
        """Wait until the thread of the mode, if it has one, has inferred the frame."""
        inferring = self.mode._worker
        if inferring is not None and self.mode._is_slow:
            inferring.answered.wait(20)
            inferring.answered.clear()


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Timed]:
    made = Timed()
    monkeypatch.setattr(auto, "monotonic", made.monotonic)
    monkeypatch.setattr(worker, "monotonic", made.monotonic)
    made.mode.open()
    yield made
    made.mode.close()


def test_a_fast_model_is_waited_for(timed: Timed) -> None:
    timed.takes_s = 0.09
    assert timed.frames(20) == [str(number) for number in range(20)]
    assert (timed.mode.mode, timed.mode.result_age_s) == ("sync", 0.0)


def test_a_slow_model_is_not_and_its_last_result_goes_on(timed: Timed) -> None:
    timed.takes_s = 0.11
    # The first frame shows no interval; three inferences that take longer show that the model is slow.
    assert timed.frames(4) == ["0", "1", "2", "3"]
    assert timed.mode.new_result
    assert timed.frames(1) == ["3"]
    assert (timed.mode.mode, timed.mode.new_result) == ("latest", False)
    assert timed.frames(2) == ["4", "5"], "the frame before, whose inference has ended"


def test_a_single_slow_inference_does_not_make_it_slow(timed: Timed) -> None:
    timed.frames(5)
    timed.takes_s = 3.0
    timed.frames(2)
    timed.takes_s = 0.05
    timed.frames(1)
    timed.takes_s = 3.0
    timed.frames(2)
    assert timed.mode.mode == "sync"


def test_frames_that_were_dropped_on_the_way_count_for_the_interval(timed: Timed) -> None:
    timed.takes_s = 0.25
    timed.frames(5, lost=2)
    assert timed.mode.mode == "latest", "0.1 s, not the 0.3 s between the frames that came"


def test_a_model_that_has_become_fast_is_waited_for_again(timed: Timed) -> None:
    timed.takes_s = 0.2
    timed.frames(6)
    assert timed.mode.mode == "latest"
    timed.takes_s = 0.08
    timed.frames(12)
    assert timed.mode.mode == "latest", "not by far less than the interval"
    timed.takes_s = 0.06
    timed.frames(12)
    assert timed.mode.mode == "sync"
    assert timed.frames(2) == [str(timed.number - 2), str(timed.number - 1)]


def test_frames_on_which_nothing_has_to_be_inferred_say_nothing_about_the_model(timed: Timed) -> None:
    empty = False
    timed.mode.predictor = lambda frame, session: () if empty else session.predict(Detection, frame)
    timed.takes_s = 0.3
    timed.frames(6)
    assert timed.mode.mode == "latest"
    empty = True
    timed.frames(20)
    assert timed.mode.mode == "latest"
    empty = False
    timed.frames(3)
    assert timed.mode.mode == "latest"


def test_frames_of_a_file_always_wait(timed: Timed) -> None:
    timed.mode.live = False
    timed.takes_s = 0.5
    assert timed.frames(10) == [str(number) for number in range(10)]
    timed.mode.live = True
    timed.frames(4)
    assert timed.mode.mode == "latest"
    timed.mode.live = False
    assert timed.frames(1) == [str(timed.number - 1)]
    assert timed.mode.mode == "sync"


def test_a_shared_result_says_nothing_about_the_model(timed: Timed) -> None:
    with timed.service.open_session() as other:
        for number in range(20):
            frame = Frame(Pixels.from_bgr(np.zeros((18, 32, 3), np.uint8)), number, Fraction(1, RATE), 0.0, number)
            timed.takes_s = 0.5
            other.predict(Detection, frame)
            timed.takes_s = 0.0
            timed.mode.predict(Detection, frame)
    assert timed.mode.mode == "sync" and not timed.mode._took_s
