"""Measurements for benchmarks: the program as a child process, CPU time, viewers, and comparisons of commits."""

from .clips import RATE, first_picture, jpeg, render, repeat
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
from .drain import Count, Drain
from .feed import live_feed
from .findings import (
    Finding,
    Findings,
    Outcome,
    Target,
    at_least,
    at_most,
    details_of,
    json_of,
    machine,
    table,
    table_of,
)
from .janus import janus_missing, running_janus
from .network import NoNetwork, own_network
from .onnx_model import write_classifier
from .program import CpuMeter, Program, ProgramError, Server, idle_s, memory_mb
from .viewers import Viewers
from .worktrees import UnknownCommit, checkout, resolved

__all__ = [
    "own_network",
    "live_feed",
    "janus_missing",
    "NoNetwork",
    "Drain",
    "Count",
    "MIN_PAIRS",
    "RATE",
    "TOLERANCE",
    "CpuMeter",
    "Finding",
    "Findings",
    "Interval",
    "Outcome",
    "Program",
    "ProgramError",
    "Result",
    "Server",
    "Side",
    "Target",
    "UnknownCommit",
    "Verdict",
    "Viewers",
    "at_least",
    "at_most",
    "checkout",
    "compare",
    "details_of",
    "first_picture",
    "idle_s",
    "is_wide",
    "jpeg",
    "json_of",
    "machine",
    "median_interval",
    "memory_mb",
    "orders",
    "render",
    "repeat",
    "resolved",
    "running_janus",
    "table",
    "table_of",
    "verdict",
    "write_classifier",
]
