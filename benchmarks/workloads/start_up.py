"""From the command line to listening: imports, the configuration, the server."""

from __future__ import annotations

from ..measuring import Program
from .base import Inputs, Workload


def measure(program: Program, inputs: Inputs) -> float:
    config = inputs.detected(inputs.small_clip, loop=True)
    with program.serve(config) as server:
        return 1000 * server.start_up_s


WORKLOAD = Workload("start_up", "from the command line to listening", "ms", measure)
