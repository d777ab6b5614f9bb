"""The line and the bare calls beside it: what they count, and that the bare calls do the whole work."""

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.figures import line
from benchmarks.measuring import RATE, Outcome, Program, render
from benchmarks.workloads import Inputs
from benchmarks.workloads.base import SHAPES_DETECTOR, SHAPES_LABELS


def test_the_line_is_divided_by_the_bare_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = Inputs(tmp_path / "clip.mp4", tmp_path / "small.mp4", b"", SHAPES_DETECTOR, SHAPES_LABELS, 1)
    monkeypatch.setattr(line, "_line_ms", lambda config: 6.6)
    monkeypatch.setattr(line, "_bare_ms", lambda clip, model: 6.0)
    monkeypatch.setattr(line, "limit_opencv", lambda: limited.append(True))
    limited: list[bool] = []
    (row,) = line.measure(Program(tmp_path, "this", tmp_path), inputs).rows
    assert limited == [True], "as the server does"
    assert row.values == pytest.approx((1.1,) * line.PAIRS)
    assert row.beside == "6.60 ms; the bare calls: 6.00 ms"
    assert row.outcome is Outcome.MISSED
    assert "loop: true" in (tmp_path / "line.yaml").read_text()


def test_only_frames_after_the_warm_up_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sinks: list[Any] = []
    spent_s = itertools.chain([5.0], itertools.repeat(5.9))

    class Pause:
        def wait(self, timeout_s: float) -> None:
            for _ in range(round(timeout_s * RATE)):
                sinks[0].push([])

    closed: list[str] = []
    graph = SimpleNamespace(feeds={"seen": "feed"}, open=lambda: None, close=lambda: closed.append("graph"))
    pool = SimpleNamespace(
        subscribe=lambda feed, codec, sink: sinks.append(sink), close=lambda: closed.append("encoders")
    )
    monkeypatch.setattr(line, "load", lambda config: config)
    monkeypatch.setattr(line, "Graph", lambda config: graph)
    monkeypatch.setattr(line, "EncoderPool", lambda: pool)
    monkeypatch.setattr(line, "threading", SimpleNamespace(Event=Pause))
    monkeypatch.setattr(line, "time", SimpleNamespace(process_time=lambda: next(spent_s)))
    assert line._line_ms(tmp_path) == pytest.approx(1000 * 0.9 / (line.MEASURED_S * RATE))
    assert closed == ["encoders", "graph"]


def test_the_bare_calls_detect_paint_and_encode_every_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = tmp_path / "clip.mp4"
    render(clip, 320, 180, 4)
    encoded: list[Any] = []
    now_s = 100.0

    def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds

    def encode(picture: Any) -> None:
        encoded.append((now_s, picture.pts * picture.time_base, picture.to_ndarray()))

    clock = SimpleNamespace(monotonic=lambda: now_s, sleep=sleep, process_time=lambda: 0.004 * len(encoded))
    monkeypatch.setattr(line, "time", clock)
    monkeypatch.setattr(line, "open_codec", lambda settings: SimpleNamespace(encode=encode))
    monkeypatch.setattr(line, "WARM_UP_S", 2 / RATE)
    monkeypatch.setattr(line, "MEASURED_S", 5 / RATE)
    assert line._bare_ms(clip, SHAPES_DETECTOR) == pytest.approx(4.0)
    assert [time - 100 for time, _, _ in encoded] == pytest.approx([index / RATE for index in range(7)])
    assert [float(time) for _, time, _ in encoded] == pytest.approx([index / RATE for index in range(7)])
    # The bare calls have shown the first picture to nobody; the clip is played in a loop.
    shown = itertools.islice(line._pictures(clip), 1, None)
    for (_, _, painted), picture in zip(encoded, shown, strict=False):
        changed = np.abs(painted.astype(int) - picture.to_ndarray(format="yuv420p")) > 8
        assert 50 < changed.sum() < 20_000


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_the_model_gets_the_picture_in_its_size_and_type(kind: type) -> None:
    given: list[Any] = []
    interpreter = SimpleNamespace(set_tensor=lambda index, array: given.append((index, array)), invoke=lambda: None)
    height, width = 64, 96
    image = np.full((height, width, 3), (40, 60, 200), np.uint8)
    planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
    line._infer(interpreter, {"index": 7, "dtype": kind}, planes, height, (32, 24))
    ((index, tensor),) = given
    assert index == 7
    assert tensor.shape == (1, 24, 32, 3)
    assert tensor.dtype == kind


def test_a_box_is_painted_on_all_planes_where_it_is() -> None:
    height, width = 64, 96
    planes = np.zeros((height * 3 // 2, width), np.uint8)
    line._paint(planes, height, np.array([0.5, 0.5, 0.75, 0.75]))
    for plane in line._split(planes, height):
        rows, columns = plane.shape
        assert plane[rows // 2 : 3 * rows // 4, columns // 2].all()
        assert plane[rows // 2, columns // 2 : 3 * columns // 4].all()
        assert not plane[: rows // 4].any()
