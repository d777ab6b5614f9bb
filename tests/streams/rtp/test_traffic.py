from __future__ import annotations

from streams.rtp import Traffic


def test_counts_of_several_streams_are_added() -> None:
    assert Traffic(1, 2, 3, 4, 5).plus(Traffic(10, 20, 30, 40, 50)) == Traffic(11, 22, 33, 44, 55)
    assert Traffic().plus(Traffic(packets=1)) == Traffic(1, 0, 0, 0, 0)
