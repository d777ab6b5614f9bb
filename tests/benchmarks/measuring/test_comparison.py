"""Pairs of runs: their order, the interval of the median, and what is called worse."""

import math
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.measuring import (
    MIN_PAIRS,
    TOLERANCE,
    Interval,
    Side,
    Verdict,
    compare,
    is_wide,
    median_interval,
    orders,
    verdict,
)

BASE, HEAD = Side.BASE, Side.HEAD


def test_who_runs_first_alternates() -> None:
    assert list(orders(4)) == [(BASE, HEAD), (HEAD, BASE), (BASE, HEAD), (HEAD, BASE)]


def test_drift_is_charged_to_both_sides_alike() -> None:
    runs = iter(range(100, 200))
    result = compare(lambda side: float(next(runs)), 8)
    first, second = (ratio > 1 for ratio in result.ratios[:2])
    assert first != second
    assert all(a != b for a, b in pairwise(ratio > 1 for ratio in result.ratios))


def test_costs_are_kept_by_side_and_pair() -> None:
    calls: list[Side] = []

    def measure(side: Side) -> float:
        calls.append(side)
        return 2.0 * len(calls) if side is HEAD else 1.0 * len(calls)

    done: list[int] = []
    result = compare(measure, 7, done.append)
    assert calls[:4] == [BASE, HEAD, HEAD, BASE]
    assert result.base[:2] == (1.0, 4.0)
    assert result.head[:2] == (4.0, 6.0)
    assert result.ratios[:2] == (4.0, 1.5)
    assert done == [1, 2, 3, 4, 5, 6, 7]


def test_fewer_pairs_than_seven_are_refused() -> None:
    with pytest.raises(ValueError, match=f"pairs: must be at least {MIN_PAIRS}, got 6"):
        compare(lambda side: 1.0, 6)


@pytest.mark.parametrize("cost", [0.0, -1.0, math.nan])
def test_a_cost_that_is_not_positive_is_an_error(cost: float) -> None:
    with pytest.raises(ValueError, match="a ratio needs a positive cost"):
        compare(lambda side: cost, 7)


def test_seven_values_hold_the_median_between_smallest_and_largest() -> None:
    assert median_interval([5, 1, 7, 3, 2, 6, 4]) == Interval(4, 1, 7, 1 - 2 / 2**7)


@pytest.mark.parametrize(
    ("count", "low", "confidence"),
    # The k of the tables of order-statistic intervals at 95 %, such as that of Conover's sign test.
    [(6, 1, 0.96875), (8, 1, 0.9921875), (9, 2, 0.9609375), (12, 3, 0.9614257), (15, 4, 0.9648438), (20, 6, 0.9586105)],
)
def test_the_interval_is_that_of_the_tables(count: int, low: int, confidence: float) -> None:
    found = median_interval(range(1, count + 1))
    assert (found.low, found.high) == (low, count + 1 - low)
    assert found.confidence == pytest.approx(confidence, abs=1e-6)


def test_five_values_are_too_few_for_an_interval() -> None:
    with pytest.raises(ValueError, match="at least 6 values, got 5"):
        median_interval([1, 2, 3, 4, 5])


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    held = [
        found.low <= 1 <= found.high
        for found in (median_interval(random.lognormal(0, 0.1, 9).tolist()) for _ in range(4000))
    ]
    assert np.mean(held) == pytest.approx(median_interval(range(9)).confidence, abs=0.01)


@pytest.mark.parametrize(
    ("median", "low", "high", "said"),
    [
        (TOLERANCE, TOLERANCE, 1.2, Verdict.NO_WORSE),
        (1.02, 1.01, 1.025, Verdict.NO_WORSE),
        (1.2, TOLERANCE, 1.4, Verdict.NO_WORSE),  # the interval includes the limit
        (1.2, 1.04, 1.4, Verdict.WORSE),
        (1.04, 1.031, 1.05, Verdict.WORSE),
        (1.0, 0.9, 1.1, Verdict.NO_WORSE),
        (0.95, 0.9, 1.0, Verdict.NO_WORSE),
        (0.95, 0.9, 0.99, Verdict.BETTER),
    ],
)
def test_what_is_called_worse(median: float, low: float, high: float, said: Verdict) -> None:
    assert verdict(Interval(median, low, high, 0.98)) is said


def test_a_wide_interval_is_pointed_out() -> None:
    assert is_wide(Interval(1, 0.9, 1.1, 0.98))
    assert not is_wide(Interval(1, 0.97, 1.05, 0.98))
