"""Figures of the working tree alone: wall-clock times where waiting is what matters, and parts by themselves."""

from collections.abc import Callable

from ..measuring import Program
from ..workloads import Inputs
from . import encoder, keep_alive, latency, recognition

# Each prints what it has found.
FIGURES: dict[str, Callable[[Program, Inputs], None]] = {
    "encoder": encoder.show,
    "recognition": recognition.show,
    "latency": latency.show,
    "keep_alive": keep_alive.show,
}

__all__ = ["FIGURES"]
