"""Figures of the working tree: wall-clock times of operations that mostly wait, and CPU times of single parts."""

from collections.abc import Callable

from ..measuring import Program
from ..workloads import Inputs
from . import decoding, encoder, keep_alive, latency, recognition, slow_model

# Each function prints its results.
FIGURES: dict[str, Callable[[Program, Inputs], None]] = {
    "encoder": encoder.show,
    "decoding": decoding.show,
    "recognition": recognition.show,
    "latency": latency.show,
    "slow_model": slow_model.show,
    "keep_alive": keep_alive.show,
}

__all__ = ["FIGURES"]
