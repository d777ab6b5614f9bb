"""Many small cameras with a viewer each: the cost per camera and frame, independent of the picture size."""

from __future__ import annotations

from ..measuring import Program, Viewers
from .base import Inputs, Workload

NUMBER, RATE = 8, 15


def measure(program: Program, inputs: Inputs) -> float:
    names = [f"small-{number}" for number in range(NUMBER)]
    cameras = "\n".join(
        f"  - {{name: {name}, model: test_pattern, "
        f"attributes: {{width_px: 320, height_px: 240, frame_rate: {RATE}, seed: {seed}}}}}"
        for seed, name in enumerate(names)
    )
    with program.serve(f"cameras:\n{cameras}\n") as server, Viewers(server.url) as viewers:
        viewers.open(*names)
        work = inputs.work * RATE // 30 * NUMBER
        return 1000 * server.cpu_per_unit(lambda: server.encoded(*names), work)


WORKLOAD = Workload("many_cameras", f"{NUMBER} cameras of 320 x 240, a viewer each", "ms per frame", measure)
