"""Cameras without viewers: nothing should run for them."""

from __future__ import annotations

import time

from ..measuring import Program
from .base import Inputs, Workload

NUMBER = 16
# The work after the start, such as the first timers, is done.
SETTLE_S = 1.0


def measure(program: Program, inputs: Inputs) -> float:
    cameras = "\n".join(
        f'  - {{name: idle-{number}, model: video_file, attributes: {{path: "{inputs.small_clip}", loop: true}}}}'
        for number in range(NUMBER)
    )
    with program.serve(f"cameras:\n{cameras}\n") as server:
        time.sleep(SETTLE_S)
        before, began = server.meter.seconds(), time.monotonic()
        time.sleep(inputs.work / 30)
        return 1000 * (server.meter.seconds() - before) / (time.monotonic() - began)


WORKLOAD = Workload("idle", f"{NUMBER} cameras without viewers", "ms per second", measure)
