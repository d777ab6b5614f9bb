from __future__ import annotations

import pytest

from cameras import CameraAccessDenied, CameraError, CameraUnreachable
from pipeline.execution import retry_pause_s
from pipeline.producers.retries import RetryPauses


def pauses(failure: BaseException, number: int, jitter: float = 1.0) -> list[float]:
    table = RetryPauses(lambda: jitter)
    return [table.after(failure, had_frames=False) for _ in range(number)]


def test_a_camera_that_does_not_answer_is_tried_again_soon() -> None:
    assert pauses(CameraUnreachable(""), 5) == [1.25] * 5
    assert pauses(CameraUnreachable(""), 2, 0.0) == [0.75] * 2


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_a_camera_that_denies_access_is_tried_twice_within_a_minute_and_then_rarely(jitter: float) -> None:
    waits = pauses(CameraAccessDenied(""), 7, jitter)
    tries = [sum(waits[:number]) for number in range(len(waits) + 1)]
    assert sum(at_s < 60 for at_s in tries) == 2
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(300 if jitter else 270)


def test_any_other_failure_is_tried_with_growing_pauses_until_frames_come() -> None:
    table = RetryPauses()
    assert [table.after(CameraError(""), had_frames=False) for _ in range(6)] == [0.5, 1.0, 2.0, 5.0, 10.0, 10.0]
    assert table.after(ZeroDivisionError(), had_frames=True) == retry_pause_s(1)
    assert table.after(CameraError(""), had_frames=False) == retry_pause_s(2)


def test_another_kind_of_failure_starts_over() -> None:
    table = RetryPauses(lambda: 1.0)
    for _ in range(3):
        table.after(CameraError(""), had_frames=False)
    assert table.after(CameraUnreachable(""), had_frames=False) == 1.25
    assert table.after(CameraError(""), had_frames=False) == retry_pause_s(1)


def test_pauses_differ_at_random() -> None:
    table = RetryPauses()
    assert len({table.unreachable() for _ in range(10)}) > 1
