"""Pictures to a detector over HTTP, one after the other over one connection."""

from __future__ import annotations

from ..measuring import Program
from .base import Inputs, Workload

PATH = "/api/vision/things/detections"
# The model is loaded, and every thread started.
WARM_UP = 20


def measure(program: Program, inputs: Inputs) -> float:
    with program.serve(inputs.detector()) as server:
        for _ in range(WARM_UP):
            server.request("POST", PATH, inputs.picture)
        before = server.meter.seconds()
        for _ in range(inputs.work):
            server.request("POST", PATH, inputs.picture)
        return 1000 * (server.meter.seconds() - before) / inputs.work


WORKLOAD = Workload("predictions", "a picture to a detector over HTTP", "ms per request", measure)
