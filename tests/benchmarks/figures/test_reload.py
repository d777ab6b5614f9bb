"""The file that is reloaded, and what is timed of it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.figures import reload
from benchmarks.measuring import Outcome, Program
from benchmarks.workloads import Inputs
from benchmarks.workloads.base import SHAPES_DETECTOR, SHAPES_LABELS
from pipeline import Config, load


def test_each_change_of_one_value_and_back_is_read_and_applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = Inputs(tmp_path, tmp_path, b"", SHAPES_DETECTOR, SHAPES_LABELS, 1)
    events: list[str] = []
    applied: list[Config] = []
    now_s = 0.0

    def read(path: Path) -> Config:
        nonlocal now_s
        now_s += 0.2
        return load(path)

    def reconfigure(config: Config) -> None:
        nonlocal now_s
        now_s += 0.05
        applied.append(config)

    def watched(name: str) -> Any:
        feed = SimpleNamespace(get=lambda timeout_s: events.append(name))
        return SimpleNamespace(watch=lambda: nullcontext(feed))

    def graph(config: Config) -> Any:
        applied.append(config)
        feeds = {name: watched(name) for name in config.cameras}
        opened, closed = (lambda: events.append("open")), (lambda: events.append("close"))
        return SimpleNamespace(open=opened, close=closed, feeds=feeds, reconfigure=reconfigure)

    monkeypatch.setattr(reload, "load", read)
    monkeypatch.setattr(reload, "Graph", graph)
    monkeypatch.setattr(reload, "time", SimpleNamespace(perf_counter=lambda: now_s))
    monkeypatch.setattr(reload, "TIMES", 4)
    rows = reload.measure(Program(tmp_path, "this", tmp_path), inputs).rows
    assert events == ["open", *(f"seen-{index}" for index in range(reload.WATCHED)), "close"]
    first, *changed = applied
    assert len(first.cameras) == 100
    for number, row in enumerate(rows):
        assert row.values == pytest.approx((250.0,) * 4)
        assert row.outcome is Outcome.REACHED
        assert row.beside == "reading the file 200 ms, applying it 50 ms"
        for index, config in enumerate(changed[4 * number : 4 * number + 4]):
            different = [name for name in first.cameras if config.cameras[name] != first.cameras[name]]
            different += [name for name in first.services if config.services[name] != first.services[name]]
            assert different == ([[["seen-0"], ["scene-0"], ["things"]][number], []][index % 2])
