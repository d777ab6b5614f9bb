"""The process of a draft, as far as it can be looked at from inside."""

from types import SimpleNamespace
from typing import Any

from pipeline import State
from server.drafts.child import STUCK_S, Progress

SENTENCE = "camera found has worked on one frame for 10 s"


class Line:
    """A transform camera, its source, and what both count."""

    def __init__(self) -> None:
        self.taken = self.offered = 0
        self.state, self.error = State.RUNNING, "pipeline[0] (detections): has worked on one frame for 10 s"
        source = SimpleNamespace(counters=SimpleNamespace(summary=lambda: {"frames_out": self.offered}))
        counters = SimpleNamespace(summary=lambda: {"frames_in": self.taken})
        self.feed: Any = SimpleNamespace(name="found", source=source, counters=counters, state=State.RUNNING, error="")
        self.progress = Progress()

    def at(self, now_s: float, **changed: Any) -> str | None:
        """Return what is said at a time, after something has changed."""
        for name, value in changed.items():
            setattr(self, name, value)
        self.feed.state, self.feed.error = self.state, self.error
        return self.progress.of([self.feed], now_s)


def test_a_camera_that_takes_no_more_frames_is_stuck() -> None:
    line = Line()
    assert line.at(0, taken=1, offered=1) is None
    assert line.at(1, offered=2) is None
    assert line.at(STUCK_S - 1, offered=90) is None
    assert line.at(STUCK_S, offered=100) == SENTENCE


def test_a_camera_that_takes_its_frames_or_gets_none_is_not_stuck() -> None:
    line = Line()
    assert line.at(0, taken=1, offered=1) is None
    assert line.at(STUCK_S, taken=2, offered=9) is None  # slow
    assert line.at(3 * STUCK_S, offered=9) is None  # its source pauses
    assert line.at(3 * STUCK_S + 1, offered=10) is None
    assert line.at(4 * STUCK_S, offered=10) == SENTENCE


def test_a_camera_that_opens_its_models_or_cannot_is_not_stuck() -> None:
    line = Line()
    assert line.at(0, error=None, state=State.OPENING) is None
    assert line.at(9 * STUCK_S, offered=1000) is None
    assert line.at(10 * STUCK_S, state=State.OFFLINE, error="no such model") is None
