from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cameras import Buckets, Histogram


def test_a_value_is_counted_in_the_first_bucket_that_has_it() -> None:
    histogram = Histogram((0.1, 1))
    assert histogram.read() == Buckets((0.1, 1), (0, 0, 0), 0.0)
    for value in (0.0, 0.1, 0.5, 1.0, 1.001, 60.0):
        histogram.add(value)
    bounds, counts, total = histogram.read()
    assert (bounds, counts) == ((0.1, 1), (2, 2, 2))
    assert total == pytest.approx(62.601)


def test_no_value_of_several_threads_is_lost() -> None:
    histogram = Histogram((1, 2))

    def add(value: int) -> None:
        for _ in range(2000):
            histogram.add(value)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, [1, 2, 3, 3]))
    assert histogram.read() == Buckets((1, 2), (2000, 2000, 4000), 18_000)
