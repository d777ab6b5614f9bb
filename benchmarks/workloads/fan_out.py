"""The cost of one more viewer: the slope between few and many viewers of one camera.

The camera, its encoder and all else that is there once cancels out in the difference.
"""

from __future__ import annotations

from ..measuring import Program, Server, Viewers
from .base import Inputs, Workload

# Many, because the uncertainty of the camera and its encoder is divided by the difference.
FEW, MANY = 1, 32
# Joining viewers request key frames, which are not part of the cost of a connected viewer.
SETTLING = 60


def measure(program: Program, inputs: Inputs) -> float:
    config = f"""
cameras:
  - {{name: clip, model: video_file, attributes: {{path: "{inputs.small_clip}", loop: true}}}}
"""
    with program.serve(config) as server, Viewers(server.url) as viewers:
        viewers.open("clip", number=FEW)
        few = settled_cpu_per_frame(server, inputs.work)
        viewers.open("clip", number=MANY - FEW)
        many = settled_cpu_per_frame(server, inputs.work)
        server.require_viewers("clip", MANY)
    return 1e6 * (many - few) / (MANY - FEW)


def settled_cpu_per_frame(server: Server, frames: int) -> float:
    """Return the CPU seconds per encoded frame, without the frames right after a join."""

    def encoded() -> int:
        return server.encoded("clip")

    server.cpu_per_unit(encoded, SETTLING)
    return server.cpu_per_unit(encoded, frames)


WORKLOAD = Workload("fan_out", "one more viewer of a camera", "us per viewer and frame", measure)
