"""What a process and its children have taken."""

from __future__ import annotations

from pathlib import Path


def memory_kb(pid: int) -> int:
    """Return the most memory that a process and its children have had, in kB."""
    most = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        except OSError:  # it has ended
            continue
        if pid in (int(status["Pid"]), int(status["PPid"])) and "VmHWM" in status:
            most += int(status["VmHWM"].split()[0])
    return most
