"""How the loads of many cameras are judged together."""

from dataclasses import replace

import pytest

from benchmarks.figures.cameras import Load, Part, judged
from benchmarks.measuring import Outcome


def load(number: int, rate: float, *, p95: float = 10.0, unused: float = 0.0, idle_cores: float = 0.0) -> Load:
    """Return what was measured where all cameras have the same rate, on two cores, and an unused frame costs 1 ms."""
    part = Part(number * rate, unused, 2.0 - idle_cores, idle_cores)
    return Load(number, (rate,) * number, (part,) * 4, ((5.0, p95),) * number, 4.0, 0.1, 1.0)


def test_cameras_that_share_the_machine_reach_all() -> None:
    findings = judged([load(1, 15), load(24, 15), load(48, 7, p95=200)])
    assert [row.outcome for row in findings.rows] == [Outcome.REACHED] * 3
    assert findings.rows[0].value == pytest.approx(48 * 7 / (24 * 15))
    assert [row["cameras"] for row in findings.details] == [1, 24, 48]


def test_only_more_cameras_than_the_best_number_can_give_too_little() -> None:
    findings = judged([load(1, 15), load(24, 15), load(48, 6)])
    assert findings.rows[0].value == pytest.approx(48 * 6 / (24 * 15))
    assert findings.rows[0].outcome is Outcome.MISSED
    assert judged([load(1, 15), load(24, 15)]).rows[0].value == pytest.approx(1.0)


def test_decoding_of_unused_frames_is_counted_out() -> None:
    # 200 frames a second, 1 ms each: 0.2 of 2 cores made no output.
    assert load(10, 15, unused=200).output == pytest.approx(150 / 1.8)


def test_cores_that_are_idle_count_against_the_output() -> None:
    assert load(10, 15, idle_cores=1.5).output == load(10, 15).output == pytest.approx(150 / 2)


def test_cores_of_others_do_not_count() -> None:
    halved = replace(load(10, 7.5), parts=(Part(75, 0, 1.0, 0.0),) * 4)
    assert judged([load(10, 15), halved]).rows[0].value == pytest.approx(1.0)


def test_a_camera_that_gets_less_than_its_share_is_found() -> None:
    starved = replace(load(4, 10), rates=(12.0, 12.0, 12.0, 4.0))
    fair = judged([load(1, 15), starved]).rows[1]
    assert fair.value == pytest.approx(0.6)
    assert fair.outcome is Outcome.MISSED


def test_frames_may_be_two_intervals_and_their_work_late() -> None:
    assert judged([load(1, 10, p95=204)]).rows[2].outcome is Outcome.REACHED
    late = judged([load(1, 10), load(8, 10, p95=205)]).rows[2]
    assert late.outcome is Outcome.MISSED
    assert late.value == pytest.approx(205 / 204)


def test_a_camera_that_gives_nothing_misses_its_share() -> None:
    stopped = replace(load(2, 10), rates=(20.0, 0.0))
    assert judged([stopped]).rows[1].value == pytest.approx(1.0)
    assert judged([stopped]).rows[2].value < 1
