"""What is read from the API of the cameras that several benchmarks watch."""

from benchmarks.figures.watched import latency_ms


def test_a_camera_without_a_frame_is_as_late_as_it_was_watched() -> None:
    assert latency_ms({"latency_ms": {"total": {"p50": 4.0, "p95": 9.0}}}, 8.0) == (4.0, 9.0)
    assert latency_ms({"latency_ms": {"encode": {"p50": 4.0, "p95": 9.0}}}, 8.0) == (8000.0, 8000.0)
