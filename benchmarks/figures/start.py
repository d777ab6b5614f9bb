"""CPU time of starts: from the command line to listening beside bare imports, and `--version` beside `python -c pass`.

CPU time, because a start does nothing but compute, and wall-clock time says as much about the other programs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence

from ..measuring import Finding, Findings, Program, ProgramError, at_most
from ..workloads import WORKLOADS, Inputs
from .bare import imported_ms

HEAVY = ("aiortc", "av", "cv2", "fastapi", "numpy", "uvicorn")
PAIRS = 5
LISTENING, VERSION = 1.3, 6.0


def measure(program: Program, inputs: Inputs) -> Findings:
    """Start the program and Python in turn."""
    listening, version = [], []
    for _ in range(PAIRS):
        listening.append((WORKLOADS["start_up"].measure(program, inputs), imported_ms(*HEAVY)))
        said = _run_ms(program, program.command("--version"))
        version.append((said, _run_ms(program, [sys.executable, "-c", "pass"])))
    return Findings(
        [
            _ratio("listening", listening, f"Python importing {', '.join(HEAVY)}", LISTENING),
            _ratio("--version", version, "python -c pass", VERSION),
        ]
    )


def _ratio(what: str, pairs: Sequence[tuple[float, float]], beside: str, limit: float) -> Finding:
    ours, theirs = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    ratios = tuple(a / b for a, b in pairs)
    return Finding(f"{what}, CPU", ratios, "", f"{ours:.0f} ms; {beside}: {theirs:.0f} ms", at_most(limit))


def _run_ms(program: Program, command: Sequence[str]) -> float:
    """Run a command to its end and return the milliseconds of CPU time it took."""
    process = subprocess.Popen(command, cwd=program.scratch, env=program.environment(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ProgramError(f"{' '.join(command)} has ended with {process.returncode}")
    return 1000 * (usage.ru_utime + usage.ru_stime)
