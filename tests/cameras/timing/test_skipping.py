from __future__ import annotations

from collections.abc import Sequence

import pytest

from cameras.timing import GroupSkipper


def decoded(skipper: GroupSkipper, groups: Sequence[int], interval_s: float = 1 / 15) -> list[int]:
    """Give groups of pictures to a skipper; return how many of each are decoded."""
    numbers, time_s = [], 0.0
    for length in groups:
        numbers.append(0)
        for place in range(length):
            numbers[-1] += not skipper.skips(time_s, is_key=place == 0)
            time_s += interval_s
    return numbers


def skipper(share: float) -> GroupSkipper:
    made = GroupSkipper()
    made.share = share
    return made


@pytest.mark.parametrize(
    ("share", "expected"),
    [(1.0, [15, 15, 15, 15]), (0.5, [15, 8, 8, 8]), (0.2, [15, 3, 3, 3]), (0.01, [15, 1, 1, 1])],
)
def test_the_beginning_of_each_group_is_decoded(share: float, expected: list[int]) -> None:
    made = skipper(share)
    assert decoded(made, [15] * 4) == expected
    assert made.skipped == 60 - sum(expected)


def test_the_length_is_that_of_the_last_group() -> None:
    assert decoded(skipper(0.5), [4, 10, 10, 2, 6]) == [4, 2, 5, 2, 1]


def test_a_group_that_lasts_long_is_decoded_to_its_end() -> None:
    assert decoded(skipper(0.1), [75] * 3) == [75] * 3


def test_a_video_without_further_key_frames_is_decoded() -> None:
    assert decoded(skipper(0.1), [1000]) == [1000]


def test_pictures_that_are_all_key_frames_are_left_out_evenly() -> None:
    made = skipper(0.25)
    assert decoded(made, [1] * 16)[1:] == [0, 0, 0, 1] * 3 + [0, 0, 0]


def test_nothing_is_left_out_where_times_are_unknown() -> None:
    made = skipper(0.1)
    assert not any(made.skips(None, is_key=place % 5 == 0) for place in range(50))


def test_a_group_is_left_out_to_its_end_although_more_is_wanted_meanwhile() -> None:
    made = skipper(0.2)
    decoded(made, [10])
    assert [made.skips(1.0, is_key=place == 0) for place in range(4)] == [False, False, True, True]
    made.share = 1.0
    assert [made.skips(1.0, is_key=False) for _ in range(3)] == [True] * 3
    assert not made.skips(1.5, is_key=True)


def test_a_video_that_begins_again_is_decoded_from_its_first_picture() -> None:
    made = skipper(0.2)
    decoded(made, [10, 5])
    made.restart()
    assert not made.skips(0.0, is_key=True)
