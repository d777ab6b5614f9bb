"""What every executor keeps to."""

from __future__ import annotations

from pipeline.execution import retry_pause_s


def test_pauses_grow_and_the_last_one_repeats() -> None:
    assert [retry_pause_s(number) for number in (1, 2, 99)] == [0.5, 1.0, 10.0]
