"""Measurements for benchmarks: the program as a child process, CPU time, viewers, and comparisons of commits."""

from .clips import RATE, first_picture, jpeg, render
from .comparison import (
    MIN_PAIRS,
    TOLERANCE,
    Interval,
    Result,
    Side,
    Verdict,
    compare,
    is_wide,
    median_interval,
    orders,
    verdict,
)
from .program import CpuMeter, Program, ProgramError, Server
from .viewers import Viewers
from .worktrees import UnknownCommit, checkout, resolved

__all__ = [
    "MIN_PAIRS",
    "RATE",
    "TOLERANCE",
    "CpuMeter",
    "Interval",
    "Program",
    "ProgramError",
    "Result",
    "Server",
    "Side",
    "UnknownCommit",
    "Verdict",
    "Viewers",
    "checkout",
    "compare",
    "first_picture",
    "is_wide",
    "jpeg",
    "median_interval",
    "orders",
    "render",
    "resolved",
    "verdict",
]
