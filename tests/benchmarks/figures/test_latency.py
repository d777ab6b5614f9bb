"""How the time to the socket and to the screen is judged."""

import pytest

from benchmarks.figures.glass import FRAMES, ROUNDS
from benchmarks.figures.latency import to_screen, to_socket
from benchmarks.measuring import Outcome


def stages(total: float, **more: float) -> dict[str, dict[str, float]]:
    durations = {"0 detections": 4.0, "encode": 7.0, "total": total, **more}
    return {name: {"p50": each - 1, "p95": each} for name, each in durations.items()}


def test_inference_and_encoding_are_counted_out() -> None:
    one, many = to_socket(1, stages(13.5)), to_socket(50, stages(18.0))
    assert one.value == 2.5
    assert one.beside == "p95: all 13.5, inference 4.0, encoding 7.0; p50: 12.5, 3.0, 6.0"
    assert one.outcome is Outcome.REACHED
    assert many.value == 7
    assert many.outcome is Outcome.MISSED


def test_the_stage_of_the_model_comes_before_that_of_its_transform() -> None:
    assert to_socket(1, stages(14.5, things=3.5)).value == 4


def test_the_difference_is_that_of_connections_beside_each_other() -> None:
    bare = [[20.0 + number] * FRAMES for number in range(ROUNDS)]
    ours = [[age + 5 for age in ages] for ages in bare]
    median, difference = to_screen(ours, bare)
    assert median.value == 29
    assert median.beside.startswith("aiortc and x264, bare: 24.0 ms")
    assert difference.value == pytest.approx(5 * 29 / 1000)
    assert difference.beside == "5.0 ms, 96% interval 5.0 to 5.0"
    assert difference.outcome is Outcome.REACHED
