from __future__ import annotations

import pytest

from streams.webrtc.ladder import BAD_REPORTS, ESTIMATE_FROM_S, PAUSE_MAX_S, PAUSE_S, SETTLING_S, Ladder

RATE = 2_000_000


class Reports:
    """A ladder that gets a report each second."""

    def __init__(self) -> None:
        self.ladder = Ladder(100.0)
        self.now_s = 100.0

    def take(
        self, number: int, *, loss: float = 0.0, rtt_s: float | None = 0.02, estimate: int | None = None
    ) -> list[float]:
        """Report so often; return after how many seconds since the call the rung changed."""
        began_s, changes = self.now_s, []
        for _ in range(number):
            self.now_s += 1.0
            if self.ladder.report(self.now_s, loss, rtt_s, estimate, RATE):
                changes.append(self.now_s - began_s)
        return changes

    def until_up(self) -> float:
        """Report that all is well until the viewer goes up; return after how many seconds."""
        began_s = self.now_s
        while self.ladder.is_low:
            self.take(1)
        return self.now_s - began_s


def test_a_healthy_viewer_stays_where_it_is() -> None:
    reports = Reports()
    assert reports.take(600, loss=0.05, estimate=RATE) == []


@pytest.mark.parametrize(
    "trouble",
    [{"loss": 0.2}, {"rtt_s": 0.5}, {"estimate": RATE // 2}],
    ids=["loss", "queues", "estimate"],
)
def test_two_bad_reports_move_a_viewer_down_and_one_does_not(trouble: dict[str, float]) -> None:
    reports = Reports()
    reports.take(10)
    assert reports.take(1, **trouble) == []  # type: ignore[arg-type]
    reports.take(1)
    assert reports.take(BAD_REPORTS, **trouble) == [BAD_REPORTS]  # type: ignore[arg-type]
    assert reports.ladder.is_low


def test_an_estimate_that_still_grows_does_not_count() -> None:
    reports = Reports()
    assert reports.take(int(ESTIMATE_FROM_S) - 1, estimate=300_000) == []
    assert reports.take(600, estimate=RATE) == []


def test_a_viewer_goes_up_again_after_a_pause_without_trouble() -> None:
    reports = Reports()
    reports.take(int(SETTLING_S))
    assert reports.take(2, loss=0.3) == [2]
    assert reports.take(5, loss=0.3) == []
    assert reports.take(60) == [PAUSE_S]
    assert not reports.ladder.is_low


def test_the_pauses_grow_with_each_failed_trial_and_start_anew_after_a_good_one() -> None:
    reports = Reports()
    reports.take(int(SETTLING_S))
    pauses = []
    for _ in range(6):
        while not reports.ladder.is_low:
            reports.take(1, loss=0.3)
        pauses.append(reports.until_up())
    assert pauses == [PAUSE_S, 2 * PAUSE_S, 4 * PAUSE_S, 8 * PAUSE_S, PAUSE_MAX_S, PAUSE_MAX_S]
    assert reports.take(100) == []
    reports.take(BAD_REPORTS, loss=0.3)
    assert reports.until_up() == PAUSE_S
