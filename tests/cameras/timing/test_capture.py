"""The clock that says when a frame was captured."""

import pytest

from cameras.timing import CaptureTimes

NOW = 1_800_000_000.0


def test_a_frame_without_a_stated_time_was_captured_as_it_arrived() -> None:
    assert CaptureTimes().of(None, NOW) == (NOW, "arrival")


@pytest.mark.parametrize(
    ("stated_s", "captured_s"),
    [(-0.2, -0.2), (-9.9, -9.9), (0.0, 0.0), (0.09, 0.0)],
    ids=["usual", "late", "now", "ahead"],
)
def test_the_time_of_the_camera_counts_but_never_after_the_arrival(stated_s: float, captured_s: float) -> None:
    times = CaptureTimes()
    assert times.of(NOW + stated_s, NOW) == (NOW + captured_s, "camera")
    assert times.fault is None


@pytest.mark.parametrize(
    ("stated_at", "words"),
    [
        (NOW + 3600, "3600.0 s after it arrived"),
        (NOW + 0.2, "0.2 s after it arrived"),
        (NOW - 10.1, "10.1 s before it arrived"),
        (42.0, f"{NOW - 42:.1f} s before it arrived"),
        (-2_208_988_800.0, "s before it arrived"),
    ],
    ids=["hour", "ahead", "behind", "since-1970", "since-1900"],
)
def test_a_clock_that_is_plainly_wrong_does_not_count(stated_at: float, words: str) -> None:
    times = CaptureTimes()
    assert times.of(stated_at, NOW) == (NOW, "arrival")
    assert times.fault is not None and words in times.fault and times.fault.endswith("by NTP")


def test_a_clock_that_is_set_right_counts_from_then_on_and_the_first_fault_stays() -> None:
    times = CaptureTimes()
    times.of(NOW - 3600, NOW)
    fault = times.fault
    assert times.of(NOW + 0.9, NOW + 1) == (NOW + 0.9, "camera")
    times.of(NOW + 7200, NOW + 2)
    assert times.fault == fault
