from __future__ import annotations

import pytest

from streams.encoding.pace import Pace
from tests.streams.fakes import picture


@pytest.mark.parametrize(
    ("frame_rate", "shown"),
    [
        (None, list(range(10))),
        (30.0, list(range(10))),
        (60.0, list(range(10))),
        (15.0, [0, 2, 4, 6, 8]),
        (10.0, [0, 3, 6, 9]),
        (20.0, [0, 2, 3, 5, 6, 8, 9]),
    ],
)
def test_frames_are_skipped_evenly(frame_rate: float | None, shown: list[int]) -> None:
    pace = Pace(frame_rate)
    assert [number for number in range(10) if not pace.skips(picture(number))] == shown


def test_no_frames_are_made_up_after_a_gap() -> None:
    pace = Pace(10.0)
    assert [n for n in (0, 30, 31, 32, 33, 34) if not pace.skips(picture(n))] == [0, 30, 33]
