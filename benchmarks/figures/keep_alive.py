"""Wall-clock time of an answer over a connection that is kept alive: at most 1 ms in the median.

Where a server leaves Nagle's algorithm on, the second packet of an answer waits for the client's delayed
acknowledgement of the first: 40 ms on Linux. Beside it, the same over a connection for each request.
"""

from __future__ import annotations

import http.client
import statistics
import time
from urllib.parse import urlsplit

from ..measuring import Finding, Findings, Program, at_most
from ..workloads import Inputs

TARGET_MS = 1.0
CONFIG = "cameras:\n  - {name: scene, model: test_pattern}\n"
PATHS = ("/healthz", "/api/cameras")


def answers_ms(netloc: str, path: str, number: int, *, keep_alive: bool) -> list[float]:
    """Return the time of each answer in milliseconds."""
    took, connection = [], http.client.HTTPConnection(netloc, timeout=30)
    try:
        for _ in range(number):
            began = time.perf_counter()
            connection.request("GET", path)
            connection.getresponse().read()
            took.append(1000 * (time.perf_counter() - began))
            if not keep_alive:
                connection.close()
    finally:
        connection.close()
    return took


def measure(program: Program, inputs: Inputs) -> Findings:
    """Ask the server."""
    rows = []
    with program.serve(CONFIG) as server:
        netloc = urlsplit(server.url).netloc
        for path in PATHS:
            answers_ms(netloc, path, 20, keep_alive=True)
            kept, new = (
                statistics.median(answers_ms(netloc, path, inputs.work, keep_alive=keep)) for keep in (True, False)
            )
            beside = f"over a new connection: {new:.2f} ms"
            rows.append(Finding(f"{path} over a kept connection", (kept,), "ms", beside, at_most(TARGET_MS)))
    return Findings(rows)
