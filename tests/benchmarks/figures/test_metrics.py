"""How a scrape of measurements is asked for and judged."""

from pathlib import Path

from benchmarks.figures.metrics import CAMERAS, config, judged
from benchmarks.measuring import Outcome
from benchmarks.workloads import Inputs
from benchmarks.workloads.base import SHAPES_DETECTOR, SHAPES_LABELS
from pipeline import parse


def test_there_are_so_many_cameras() -> None:
    inputs = Inputs(Path(), Path(), b"", SHAPES_DETECTOR, SHAPES_LABELS, 8)
    assert len(parse(config(inputs), "benchmark.yaml", Path()).cameras) == CAMERAS


def test_the_median_of_the_rounds_counts() -> None:
    (row,) = judged([4.0, 4.5, 9.0], [5.0, 5.0, 5.0], b"a 1\nb 2\n", 1000).rows
    assert (row.value, row.outcome) == (4.5, Outcome.REACHED)
    assert row.beside == "2 lines, 0 kB as 1 kB, in 5.0 ms"
    assert judged([5.1], [5.0], b"", 0).rows[0].outcome is Outcome.MISSED
