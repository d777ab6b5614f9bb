"""The schedule of a thread: how long it has waited for a processor, as the system says."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc/self/task")
_SIZE = 512  # more than either file has up to its last field that is read


class Schedule(NamedTuple):
    """The state of a thread.

    Attributes:
        ready: Whether it runs or waits for a processor, and does not sleep.
        runs: Changes whenever it runs, at the next tick of the scheduler at the latest.
        waited_s: How long it has waited for a processor so far, without a wait that has not ended yet.
    """

    ready: bool
    runs: object
    waited_s: float


class ThreadSchedule:
    """Reads the schedule of the thread that makes it; Linux has it in ``/proc``. Use it from any thread.

    A thread that waits for a lock, such as that of the interpreter, sleeps: it does not wait for a processor.
    """

    def __init__(self) -> None:
        self._files: list[int] = []
        folder = PROC / str(threading.get_native_id())
        try:
            for name in ("schedstat", "stat"):
                self._files.append(os.open(folder / name, os.O_RDONLY))
            self.waited_s()
        except (OSError, ValueError, IndexError):  # another system, or a container that hides it
            self.close()

    def waited_s(self) -> float:
        """Return how long the thread has waited for a processor so far; 0 if the system does not say it."""
        return float(os.pread(self._files[0], _SIZE, 0).split()[1]) / 1e9 if self._files else 0.0

    def read(self) -> Schedule:
        """Return everything; a thread that the system says nothing of sleeps."""
        if not self._files:
            return Schedule(False, None, 0.0)
        state = os.pread(self._files[1], _SIZE, 0).rpartition(b") ")[2][:1]  # after its name, which may have brackets
        times = os.pread(self._files[0], _SIZE, 0)
        return Schedule(state == b"R", times, float(times.split()[1]) / 1e9)

    def close(self) -> None:
        """Close the files: nothing is said any more."""
        files, self._files = self._files, []
        for file in files:
            with suppress(OSError):
                os.close(file)
