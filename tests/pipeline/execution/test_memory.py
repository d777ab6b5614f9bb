"""Freed memory returns to the system when a run ends, even from a fragmented heap."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.execution import memory

# A heap of many blocks, every hundredth of them in use: without the release, the whole heap stays.
PROGRAM = """
import ctypes
from pathlib import Path
from pipeline import SystemClock, WorkerExecutor

def megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

kept = []

def work(run):
    pieces = [ctypes.create_string_buffer(60_000) for _ in range(1500)]
    kept.extend(pieces[::100])
    print(megabytes())

print(megabytes())
assert WorkerExecutor(SystemClock()).start_thread("work", work).wait(30)
print(megabytes())
"""

# Eight threads that hold memory at the same time.
HEAPS = """
import ctypes, sys, threading
from pathlib import Path
from pipeline import limit_heaps

if sys.argv[2:]:
    limit_heaps()
all_hold = threading.Barrier(8)

def hold():
    held = ctypes.create_string_buffer(60_000)
    all_hold.wait(30)

threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(library.fopen(sys.argv[1].encode(), b"w"))
library.malloc_info(0, stream)
library.fclose(stream)
print(Path(sys.argv[1]).read_text().count("<heap nr="))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from Linux's /proc")
def test_a_run_returns_its_memory_at_the_end() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=True)
    before, full, after = (float(line) for line in done.stdout.split())
    assert full - before > 80
    assert after - before < 20


@pytest.mark.skipif(memory._set_option is None, reason="only glibc has these heaps")
def test_threads_share_one_heap(tmp_path: Path) -> None:
    def heaps(*prepare: str) -> int:
        command = [sys.executable, "-c", HEAPS, str(tmp_path / "info.xml"), *prepare]
        done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert heaps() > memory.HEAPS_MAX
    assert heaps("limit") == memory.HEAPS_MAX


def test_other_c_libraries_are_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []
    monkeypatch.setattr(memory, "_trim", called.append)
    memory.release_memory()
    assert called == [0]
    monkeypatch.setattr(memory, "_trim", None)
    memory.release_memory()  # musl has no malloc_trim
    assert called == [0]
