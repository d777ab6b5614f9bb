"""Freed memory returns to the system when a run ends, even from a fragmented heap."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.feeds import memory

# A heap of many blocks, every hundredth of them in use: without the release, the whole heap stays.
PROGRAM = """
import ctypes
from pathlib import Path
from pipeline import SystemClock, ThreadExecutor

def megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

kept = []

def work(run):
    pieces = [ctypes.create_string_buffer(60_000) for _ in range(1500)]
    kept.extend(pieces[::100])
    print(megabytes())

print(megabytes())
assert ThreadExecutor(SystemClock()).start_thread("work", work).wait(30)
print(megabytes())
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from Linux's /proc")
def test_a_run_returns_its_memory_at_the_end() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=True)
    before, full, after = (float(line) for line in done.stdout.split())
    assert full - before > 80
    assert after - before < 20


def test_other_c_libraries_are_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []
    monkeypatch.setattr(memory, "_trim", called.append)
    memory.release_memory()
    assert called == [0]
    monkeypatch.setattr(memory, "_trim", None)
    memory.release_memory()  # musl has no malloc_trim
    assert called == [0]
