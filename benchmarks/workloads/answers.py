"""Small answers of the API, one after the other over a connection that is kept alive."""

from __future__ import annotations

from ..measuring import Program
from .base import Inputs, Workload

CONFIG = "cameras:\n  - {name: scene, model: test_pattern}\n"
PATHS = ("/healthz", "/api/cameras")
WARM_UP = 100
# An answer takes a tenth of the time of a frame.
PER_UNIT_OF_WORK = 10


def measure(program: Program, inputs: Inputs) -> float:
    with program.serve(CONFIG) as server:
        for _ in range(WARM_UP):
            server.request("GET", PATHS[0])
        number = PER_UNIT_OF_WORK * inputs.work
        before = server.meter.seconds()
        for index in range(number):
            server.request("GET", PATHS[index % len(PATHS)])
        return 1_000_000 * (server.meter.seconds() - before) / number


WORKLOAD = Workload("answers", "small answers over a connection that is kept alive", "us per request", measure)
