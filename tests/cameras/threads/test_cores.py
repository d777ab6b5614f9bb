from __future__ import annotations

import os
from pathlib import Path

import pytest

from cameras import available_cores
from cameras.threads import cores


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("10000 100000\n", 1),
        ("9900000 100000\n", 8),
        ("nonsense", 8),
        ("200000 0\n", 8),
        ("", 8),
    ],
)
def test_a_container_may_use_what_its_cpu_time_pays_for(
    quota: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(quota)
    monkeypatch.setattr(cores, "_QUOTA", file)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    assert available_cores.__wrapped__() == expected


def test_without_a_container_it_is_what_the_scheduler_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_QUOTA", tmp_path / "missing")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 6})
    assert available_cores.__wrapped__() == 3
