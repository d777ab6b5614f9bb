"""CPU of a server with cameras that nobody watches."""

from __future__ import annotations

from ..measuring import Finding, Findings, Program, at_most
from ..workloads import Inputs
from ..workloads.idle import NUMBER
from ..workloads.idle import measure as idle_ms

REPETITIONS = 3
TARGET_PERCENT = 0.24


def measure(program: Program, inputs: Inputs) -> Findings:
    """Serve them and wait, several times."""
    percent = tuple(idle_ms(program, inputs) / 10 for _ in range(REPETITIONS))
    return Findings([Finding(f"{NUMBER} idle cameras", percent, "% of a core", "", at_most(TARGET_PERCENT))])
