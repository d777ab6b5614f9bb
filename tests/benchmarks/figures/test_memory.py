"""How the memory of cameras, viewers and sessions is judged."""

import pytest

from benchmarks.figures.memory import FEW, MANY, MORE_VIEWERS, judged
from benchmarks.measuring import Outcome


def test_memory_is_told_for_one_more() -> None:
    cameras, viewers = 10.0 * (MANY - FEW), 0.5 * MORE_VIEWERS
    findings = judged(150, (200, 200 + cameras), (160, 160 + viewers), [200, 205, 201])
    assert [row.value for row in findings.rows] == pytest.approx([10, 0.5, 1.005])
    assert [row.outcome for row in findings.rows] == [Outcome.REACHED] * 3


def test_memory_that_rises_with_every_session_is_found() -> None:
    assert judged(150, (200, 200), (160, 160), [200, 202, 204, 206, 208]).rows[2].outcome is Outcome.MISSED
