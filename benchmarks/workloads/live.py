"""A live camera with a detector and one viewer: the cost of a frame from the file to the socket."""

from __future__ import annotations

from ..measuring import Program, Viewers
from .base import Inputs, Workload


def measure(program: Program, inputs: Inputs) -> float:
    config = inputs.detected(inputs.clip, loop=True)
    with program.serve(config) as server, Viewers(server.url) as viewers:
        viewers.open("seen")
        cost = 1000 * server.cpu_per_unit(lambda: server.encoded("seen"), inputs.work)
        server.require_viewers("seen", 1)
        return cost


WORKLOAD = Workload("live", "a live camera with a detector, one viewer", "ms per frame", measure)
