"""How many processors the program may use."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


@cache
def available_cores() -> int:
    """Return the number of processors that this process may use, at least 1.

    Those that the scheduler may give it (taskset, cpusets), but no more than the CPU time of its container pays for
    (``cpu.max`` of cgroup v2: quota and period in microseconds), rounded up.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(min(cores, _paid_cores(_QUOTA, cores)), 1)


def _paid_cores(path: Path, otherwise: int) -> int:
    try:
        quota, period = path.read_text("ascii").split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):  # no cgroup v2, or "max": no limit
        return otherwise
