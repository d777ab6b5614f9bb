"""How the most viewers of a core are found."""

from typing import Any

import pytest

from benchmarks.figures import viewers
from benchmarks.figures.fanout import Load
from benchmarks.figures.viewers import FIRST, MEASURED_S, Climb, judged
from benchmarks.measuring import Count, Outcome, ProgramError

FULL = Load(0.5, 24_000, 30, 0)
LOSSY = Load(0.9, 24_000, 30, 5)
SLOW = Load(1.0, 20_000, 25, 0)


class Fake:
    """Viewers of a server that serves so many; and the meters of both."""

    def __init__(self, limit: int, *, busy: bool = False, refused_beyond: int = 10_000) -> None:
        self.open_now = 0
        self.looks = 0
        self.now_s = 0.0
        self.meter: Any = self
        self._limit = limit
        self._busy = busy
        self._refused_beyond = refused_beyond

    def open(self, camera: str, number: int) -> None:
        assert camera == "feed"
        self.open_now += number
        if self.open_now > self._refused_beyond:
            raise ProgramError("no answer")

    def received_in(self, seconds: float) -> list[Count]:
        self.looks += 1
        self.now_s += seconds
        frames = round(30 * seconds) if self.open_now <= self._limit else 1
        return [Count(4 * frames, frames, 0)]

    def seconds(self) -> float:
        """Twice for each look: a core that is all busy, or half."""
        return self.looks * MEASURED_S * (1.0 if self._busy else 0.5)


def climb(fake: Fake) -> Climb:
    meter: Any = fake
    each: Any = fake
    return viewers._climb(meter, each, "feed", lambda: fake.now_s)


def test_viewers_are_added_until_one_misses_frames_twice() -> None:
    fake = Fake(140)
    found = climb(fake)
    assert [number for number, _ in found.loads] == [FIRST, 115, 132, 152]
    assert found.most == 132
    assert found.end == "of 152, not all got every frame"
    assert fake.looks == 2 * 3 + 2 * viewers.TRIES


def test_a_server_that_answers_no_offer_has_too_many() -> None:
    found = climb(Fake(10_000, refused_beyond=120))
    assert found.most == 115
    assert found.end == "132 could not be opened: no answer"


def test_it_ends_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "MOST", 120)
    assert [number for number, _ in climb(Fake(10_000)).loads] == [FIRST, 115, 132]


def test_viewers_that_are_busy_themselves_are_no_measure() -> None:
    found = climb(Fake(10_000, busy=True))
    assert found.loads == []
    assert found.end == "100 viewers keep their own core busy: no measure of the server"


def test_it_is_judged_beside_janus() -> None:
    ours = Climb([(100, FULL), (1000, FULL), (1150, LOSSY)], "of 1150, not all got every frame")
    found = judged(ours, Climb([(100, FULL), (300, FULL), (345, SLOW)], "busy"), "")
    number, share = found.rows
    assert number.value == 1000
    assert number.beside == "Janus: 300"
    assert share.value == pytest.approx(10 / 3)
    assert share.outcome is Outcome.REACHED
    assert len(found.details) == 6
    assert found.notes == ["camweave: of 1150, not all got every frame", "Janus: busy"]
    (alone,) = judged(Climb([(100, FULL)], ""), None, "no Janus here").rows
    assert alone.beside == "no Janus here"


def test_nothing_is_better_than_a_janus_that_serves_nobody() -> None:
    _, share = judged(Climb([(100, FULL)], ""), Climb([(100, SLOW)], ""), "").rows
    assert share.outcome is Outcome.MISSED


def test_one_core_is_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Any = None
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0})
    with pytest.raises(ProgramError, match="takes two cores"):
        viewers.measure(nothing, nothing)
