"""Comparison of two programs by pairs of runs: the order of the runs, the ratios, and the verdict."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

MIN_PAIRS = 7
TOLERANCE = 1.03  # smaller ratios occur by chance between runs of the same program
CONFIDENCE = 0.95
# A wider interval is inconclusive: "no worse" then means "nothing found", and more pairs are needed.
WIDE = 0.15


class Side(StrEnum):
    """One of the two programs compared."""

    BASE = "base"
    HEAD = "head"


class Verdict(StrEnum):
    """The verdict on the head of a comparison."""

    BETTER = "better"
    NO_WORSE = "no worse"
    WORSE = "worse"


@dataclass(frozen=True)
class Interval:
    """A median with its confidence interval.

    Attributes:
        median: The median of the values.
        low: Lower end of the interval of the median.
        high: Upper end.
        confidence: The probability with which such an interval holds the true median, at least ``CONFIDENCE``.
    """

    median: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class Result:
    """The costs of one workload in its unit, pair by pair."""

    base: tuple[float, ...]
    head: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """The cost of the head relative to the base, per pair; above 1, the head costs more."""
        return tuple(head / base for base, head in zip(self.base, self.head, strict=True))


def orders(pairs: int) -> Iterator[tuple[Side, Side]]:
    """Yield which side runs first and which second: base, head, head, base, ...

    Alternating cancels drift during the run (heat, other work on the machine), which would otherwise always affect the
    same side.
    """
    for number in range(pairs):
        yield (Side.BASE, Side.HEAD) if number % 2 == 0 else (Side.HEAD, Side.BASE)


def compare(measure: Callable[[Side], float], pairs: int, done: Callable[[int], None] = lambda pair: None) -> Result:
    """Run both sides alternately.

    Args:
        measure: Runs one side once and returns its cost.
        pairs: How often each side runs, at least ``MIN_PAIRS``.
        done: Called after every pair with its number, from 1.

    Raises:
        ValueError: There are too few pairs, or the cost of a run is not positive.
    """
    if pairs < MIN_PAIRS:
        raise ValueError(f"pairs: must be at least {MIN_PAIRS}, got {pairs}")
    costs: dict[Side, list[float]] = {Side.BASE: [], Side.HEAD: []}
    for number, order in enumerate(orders(pairs), 1):
        for side in order:
            cost = measure(side)
            if not cost > 0:
                raise ValueError(f"a run of the {side} has cost {cost}, and a ratio needs a positive cost")
            costs[side].append(cost)
        done(number)
    return Result(tuple(costs[Side.BASE]), tuple(costs[Side.HEAD]))


def median_interval(values: Sequence[float]) -> Interval:
    """Return the median with its exact interval by order statistics.

    It assumes only that the values are independent and of one continuous distribution: the number of values
    below the true median is then binomial(n, 1/2), so the k-th smallest and the k-th largest value hold it
    between them with probability 1 - 2 P(X < k). (David and Nagaraja, "Order Statistics", 3rd edition, section 7.1.)
    The largest k that still gives ``CONFIDENCE`` is used. With 7 values that is k = 1: smallest to largest, 98.4 %.
    With 9 it is k = 2, 96.1 %, which one outlier on each side no longer widens.

    Raises:
        ValueError: There are fewer than 6 values; no such interval holds the median with ``CONFIDENCE``.
    """
    ordered = sorted(values)
    count = len(ordered)
    confidence, found = 0.0, 0
    below = 0.0  # P(X < rank)
    for rank in range(1, count // 2 + 1):
        below += math.comb(count, rank - 1) / 2**count
        if 1 - 2 * below >= CONFIDENCE:
            confidence, found = 1 - 2 * below, rank
    if not found:
        raise ValueError(f"an interval of {CONFIDENCE:.0%} takes at least 6 values, got {count}")
    return Interval(statistics.median(ordered), ordered[found - 1], ordered[count - found], confidence)


def verdict(ratio: Interval) -> Verdict:
    """Return the verdict for the ratio of head to base.

    "No worse" is: the median is at most ``TOLERANCE``, or the interval includes ``TOLERANCE``. "Better" is a head whose
    whole interval is below 1.
    """
    if ratio.median > TOLERANCE and not ratio.low <= TOLERANCE <= ratio.high:
        return Verdict.WORSE
    return Verdict.BETTER if ratio.high < 1 else Verdict.NO_WORSE


def is_wide(ratio: Interval) -> bool:
    """Return whether the interval is too wide for a reliable "no worse"."""
    return ratio.high - ratio.low > WIDE
