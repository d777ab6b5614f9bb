"""How the course of an overload is judged."""

import pytest

from benchmarks.figures.overload import Sample, judged
from benchmarks.measuring import Outcome


def course(memory_mb: float, p95_ms: float) -> list[Sample]:
    """Return samples of three minutes in which memory and latency rise by this much each second."""
    return [Sample(at, 1000 + memory_mb * at, 100 + p95_ms * at, int(80 * at)) for at in range(0, 181, 5)]


def test_what_stays_the_same_reaches_both() -> None:
    rows = judged(course(0, 0)).rows
    assert [row.value for row in rows] == pytest.approx([1, 1, 80])
    assert [row.outcome for row in rows[:2]] == [Outcome.REACHED] * 2


@pytest.mark.parametrize(("memory_mb", "p95_ms", "grows"), [(1.0, 0, 0), (0, 1.0, 1)])
def test_what_grows_is_found(memory_mb: float, p95_ms: float, grows: int) -> None:
    rows = judged(course(memory_mb, p95_ms)).rows
    assert [row.outcome is Outcome.MISSED for row in rows[:2]] == [index == grows for index in (0, 1)]


def test_the_course_tells_each_minute() -> None:
    details = judged(course(1.0, 0)).details
    assert [round(row["minutes"]) for row in details] == [1, 2, 3]
    assert [row["MB"] for row in details] == [1060, 1120, 1180]
    assert [row["frames/s"] for row in details] == pytest.approx([80] * 3)
